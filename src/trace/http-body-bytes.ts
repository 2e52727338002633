import type { IncomingMessage, OutgoingMessage } from 'node:http'

type AnyWrite = (this: object, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

/** Where the bytes of one exchange are counted, and what was in the place of the counting methods. */
export class BodyBytes {
  received = 0
  sent = 0
  /** True within the message's own `end`, which hands its chunk to `write` in some servers. */
  ending = false
  push: IncomingMessage['push'] | undefined = undefined
  readonly write: AnyWrite
  readonly end: AnyWrite

  constructor(write: AnyWrite, end: AnyWrite) {
    this.write = write
    this.end = end
  }
}

const BYTES = Symbol('tallyscope.bytes')
type Counted = { [BYTES]?: BodyBytes }

/** The two directions of one exchange, at once. */
export function countBytes(incoming: IncomingMessage, outgoing: OutgoingMessage): BodyBytes {
  const bytes = countSent(outgoing)
  if (hasBody(incoming)) countReceived(incoming, bytes)
  return bytes
}

/**
 * Counts what is handed to one outgoing message: the bytes of its body, without headers and without the framing of
 * chunks. Only this object is touched, and no stream is put between.
 */
export function countSent(outgoing: OutgoingMessage): BodyBytes {
  const bytes = new BodyBytes(outgoing.write as AnyWrite, outgoing.end as AnyWrite)
  ;(outgoing as Counted)[BYTES] = bytes
  outgoing.write = countedWrite as OutgoingMessage['write']
  outgoing.end = countedEnd as OutgoingMessage['end']
  return bytes
}

/** Counts what the parser hands to one incoming message. */
export function countReceived(incoming: IncomingMessage, bytes: BodyBytes): void {
  bytes.push = incoming.push
  ;(incoming as Counted)[BYTES] = bytes
  incoming.push = countedPush
}

/** Whether a request says that it has a body. */
export function hasBody({ headers, httpVersionMajor, method }: IncomingMessage): boolean {
  const length = headers['content-length']
  if (length !== undefined) return length !== '0'
  return headers['transfer-encoding'] !== undefined || (httpVersionMajor === 2 && method !== 'GET' && method !== 'HEAD')
}

function countedPush(this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding): boolean {
  const bytes = (this as Counted)[BYTES]!
  bytes.received += bodyLength(chunk, encoding)
  return bytes.push!.call(this, chunk, encoding)
}

function countedWrite(this: OutgoingMessage, chunk: unknown, encoding: unknown, callback: unknown): unknown {
  const bytes = (this as Counted)[BYTES]!
  if (!bytes.ending && isOpen(this)) bytes.sent += bodyLength(chunk, encoding)
  return bytes.write.call(this, chunk, encoding, callback)
}

function countedEnd(this: OutgoingMessage, chunk: unknown, encoding: unknown, callback: unknown): unknown {
  const bytes = (this as Counted)[BYTES]!
  if (isOpen(this)) bytes.sent += bodyLength(chunk, encoding)
  bytes.ending = true
  const result = bytes.end.call(this, chunk, encoding, callback)
  bytes.ending = false
  return result
}

/** What comes after the end, or after the connection is gone, reaches nobody. */
function isOpen({ writableEnded, destroyed }: OutgoingMessage): boolean {
  return !writableEnded && !destroyed
}

/** The bytes of a chunk as it goes over the wire. */
export function bodyLength(chunk: unknown, encoding?: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
