import type { IncomingMessage, OutgoingMessage } from 'node:http'
import { type Frame, runInFrame } from '../base/context.js'
import { processGlobal } from '../base/process-global.js'

type AnyWrite = (this: OutgoingMessage, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

// All copies of the package find the exchange that one of them has begun.
const BYTES: unique symbol = processGlobal('http-body-bytes', () => Symbol('tallyscope.bytes')) as never
type Counted = { [BYTES]?: BodyBytes }

/** Where the bytes of one exchange are counted, and what was in the place of the counting methods. */
export class BodyBytes {
  received = 0
  sent = 0
  /** True within the message's own `end`, which hands its chunk to `write` in some servers. @internal */
  ending = false
  /** What the parser's chunks are delivered in, so that readers find the context of their request. */
  frame: Frame | undefined = undefined
  /** @internal */
  push: IncomingMessage['push'] | undefined = undefined
}

/** What counts for a message, if something does. */
export function bytesOf(message: object): BodyBytes | undefined {
  return (message as Counted)[BYTES]
}

/** Ties a message to what counts for it, so that {@link bytesOf} finds it. */
export function tieBytes(message: object, bytes: BodyBytes): void {
  ;(message as Counted)[BYTES] = bytes
}

/**
 * Counts what is handed to one outgoing message: the bytes of its body, without headers and without the framing of
 * chunks. Only this object is touched, and no stream is put between.
 *
 * Two functions for each message cost less than a property to find `bytes` by: Express gives each response prototypes of its own,
 * after which V8 looks for every property anew.
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

/** Counts what the parser hands to one incoming message. */
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
 * Bytes after the end, or after the connection has closed, are not delivered. `finished` is what `writableEnded` returns, but a property of the
 * message itself: Express gives each response prototypes of its own, which V8 looks through slowly.
 */
function isOpen(outgoing: OutgoingMessage): boolean {
  return !(outgoing as { finished: boolean }).finished && !outgoing.destroyed
}

/** The bytes of a chunk as it goes over the wire. */
export function bodyLength(chunk: unknown, encoding?: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
