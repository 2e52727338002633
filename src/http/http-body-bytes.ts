import type { IncomingMessage, OutgoingMessage } from 'node:http'
import { type Frame, runInFrame } from '../base/context.js'
import { processGlobal } from '../base/process-global.js'

/** `write` and `end` of an outgoing message. */
export type AnyWrite = (this: OutgoingMessage, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

// All copies of the package find the exchange that one of them has begun.
const BYTES: unique symbol = processGlobal('http-body-bytes', () => Symbol('tallyscope.bytes')) as never
type Counted = { [BYTES]?: BodyBytes }

/** Counts the bytes of one exchange, and keeps the methods that were replaced by counting ones. */
export class BodyBytes {
  received = 0
  sent = 0
  /** True during the message's own `end`, which in some servers calls `write` with its chunk. @internal */
  ending = false
  /** The frame in which chunks of the parser are delivered, so that readers have the context of their request. */
  frame: Frame | undefined = undefined
  /** @internal */
  push: IncomingMessage['push'] | undefined = undefined

  /** True for a message that has a body. */
  get countsReceived(): boolean {
    return this.push !== undefined
  }
}

/** The counter of a message, if it has one. */
export function bytesOf(message: object): BodyBytes | undefined {
  return (message as Counted)[BYTES]
}

/** Sets the counter of a message, for {@link bytesOf}. */
export function tieBytes(message: object, bytes: BodyBytes): void {
  ;(message as Counted)[BYTES] = bytes
}

/**
 * Counts the bytes of an outgoing message's body, without headers and chunk framing. Only methods of this object are replaced, and no stream
 * is inserted.
 *
 * Two functions for each message cost less than reading `bytes` from a property: Express sets a new prototype on each response, after
 * which V8 cannot cache the position of a property.
 */
export function countSent(outgoing: OutgoingMessage, bytes: BodyBytes): void {
  const { write, end } = outgoing as unknown as { write: AnyWrite; end: AnyWrite }
  const countedWrite: AnyWrite = function (this: OutgoingMessage, chunk, encoding, callback) {
    if (!bytes.ending && isOpen(this)) bytes.sent += bodyLength(chunk, encoding)
    return write.call(this, chunk, encoding, callback)
  }
  const countedEnd: AnyWrite = function (this: OutgoingMessage, chunk, encoding, callback) {
    if (isOpen(this)) bytes.sent += bodyLength(chunk, encoding)
    bytes.ending = true
    const result = end.call(this, chunk, encoding, callback)
    bytes.ending = false
    return result
  }
  outgoing.write = countedWrite as OutgoingMessage['write']
  outgoing.end = countedEnd as OutgoingMessage['end']
}

/** Counts the bytes that the parser delivers to an incoming message. */
export function countReceived(incoming: IncomingMessage, bytes: BodyBytes): void {
  bytes.push = incoming.push
  tieBytes(incoming, bytes)
  incoming.push = countedPush
}

/** True if the headers of a request announce a body. */
export function hasBody({ headers, httpVersionMajor, method }: IncomingMessage): boolean {
  const length = headers['content-length']
  if (length !== undefined) return length !== '0'
  return headers['transfer-encoding'] !== undefined || (httpVersionMajor === 2 && method !== 'GET' && method !== 'HEAD')
}

function countedPush(this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding): boolean {
  const bytes = (this as Counted)[BYTES]!
  bytes.received += bodyLength(chunk, encoding)
  const { frame, push } = bytes
  return frame === undefined ? push!.call(this, chunk, encoding) : runInFrame(frame, () => push!.call(this, chunk, encoding))
}

/**
 * True if bytes are still delivered: not after the end, and not after the connection has closed. `finished` equals `writableEnded`, but is
 * an own property: Express changes the prototype of each response, which makes inherited properties slow.
 */
export function isOpen(outgoing: OutgoingMessage): boolean {
  return !(outgoing as { finished: boolean }).finished && !outgoing.destroyed
}

/** The size of a chunk in bytes. */
export function bodyLength(chunk: unknown, encoding?: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
