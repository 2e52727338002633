import { nameClass, TallyscopeError } from '../../base/errors.js'

/**
 * The error of a frame that is not valid: `ERR_GROUP_FRAME` if it breaks the format, `ERR_GROUP_LIMIT` if it exceeds a limit. Close its
 * connection. Frames before it stay applied.
 */
export class FrameError extends TallyscopeError {
  static {
    nameClass(this, 'FrameError')
  }
  declare readonly code: 'ERR_GROUP_FRAME' | 'ERR_GROUP_LIMIT'
}

export function damaged(what: string): FrameError {
  return new FrameError('ERR_GROUP_FRAME', `a frame of another process is damaged: ${what}`)
}

export function overLimit(what: string): FrameError {
  return new FrameError('ERR_GROUP_LIMIT', `another process sent more than is allowed: ${what}`)
}
