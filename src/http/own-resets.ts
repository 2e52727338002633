import type { ServerHttp2Stream } from 'node:http2'
import { isOwnError } from './own-errors.js'

/**
 * Calls `onReset` if the program resets or destroys a stream of HTTP/2, or its session. A stream has the same properties whichever side
 * has reset it.
 */
export function detectOwnReset(stream: ServerHttp2Stream, onReset: () => void): void {
  const { close, destroy } = stream
  const note = (error?: Error): void => {
    // Node calls these methods too, after the client has reset the stream or has gone.
    if (!stream.closed && !hasClientLeft(stream) && (error === undefined || isOwnError(error))) onReset()
  }
  stream.close = function (this: ServerHttp2Stream, ...args) {
    note()
    close.apply(this, args)
  }
  stream.destroy = function (this: ServerHttp2Stream, error) {
    note(error)
    return destroy.call(this, error)
  }
}

function hasClientLeft({ session }: ServerHttp2Stream): boolean {
  return session === undefined || session.socket.destroyed
}
