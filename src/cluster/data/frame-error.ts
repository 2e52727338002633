import { TallyscopeError } from '../../base/errors.js'

/**
 * What another process sent cannot be used: `ERR_GROUP_FRAME` if it is damaged or breaks the format, `ERR_GROUP_LIMIT` if it is
 * beyond a limit. The connection that it came from ends; all frames before it count.
 */
export class FrameError extends TallyscopeError {
  declare readonly code: 'ERR_GROUP_FRAME' | 'ERR_GROUP_LIMIT'
}

export function damaged(what: string): FrameError {
  return new FrameError('ERR_GROUP_FRAME', `a frame of another process is damaged: ${what}`)
}

export function overLimit(what: string): FrameError {
  return new FrameError('ERR_GROUP_LIMIT', `another process sent more than is allowed: ${what}`)
}
