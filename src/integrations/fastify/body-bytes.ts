import type { IncomingMessage, ServerResponse } from 'node:http'

/** Where the bytes of one exchange are counted, and what was in the place of the counting methods. */
export interface BodyBytes {
  received: number
  sent: number
  /** True within the response's own `end`, which hands its chunk to `write` in some servers. */
  ending: boolean
  readonly push: IncomingMessage['push']
  readonly write: AnyWrite
  readonly end: AnyWrite
}

type AnyWrite = (this: object, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

const BYTES = Symbol('tallyscope.bytes')
type Counted = { [BYTES]?: BodyBytes }

/**
 * Counts what is handed to one response, and what the parser hands to one request: the bytes of bodies, without
 * headers and without the framing of chunks. Only these two objects are touched, and no stream is put between.
 */
export function countBytes(request: IncomingMessage, response: ServerResponse): BodyBytes {
  const bytes: BodyBytes = {
    received: 0,
    sent: 0,
    ending: false,
    push: request.push,
    write: response.write as AnyWrite,
    end: response.end as AnyWrite,
  }
  ;(response as Counted)[BYTES] = bytes
  response.write = countedWrite as ServerResponse['write']
  response.end = countedEnd as ServerResponse['end']
  if (hasBody(request)) {
    ;(request as Counted)[BYTES] = bytes
    request.push = countedPush
  }
  return bytes
}

/** Whether a request says that it has a body. */
export function hasBody({ headers, httpVersionMajor, method }: IncomingMessage): boolean {
  const length = headers['content-length']
  if (length !== undefined) return length !== '0'
  return headers['transfer-encoding'] !== undefined || (httpVersionMajor === 2 && method !== 'GET' && method !== 'HEAD')
}

function countedPush(this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding): boolean {
  const bytes = (this as Counted)[BYTES]!
  bytes.received += lengthOf(chunk, encoding)
  return bytes.push.call(this, chunk, encoding)
}

function countedWrite(this: ServerResponse, chunk: unknown, encoding: unknown, callback: unknown): unknown {
  const bytes = (this as Counted)[BYTES]!
  if (!bytes.ending && isOpen(this)) bytes.sent += lengthOf(chunk, encoding)
  return bytes.write.call(this, chunk, encoding, callback)
}

function countedEnd(this: ServerResponse, chunk: unknown, encoding: unknown, callback: unknown): unknown {
  const bytes = (this as Counted)[BYTES]!
  if (isOpen(this)) bytes.sent += lengthOf(chunk, encoding)
  bytes.ending = true
  try {
    return bytes.end.call(this, chunk, encoding, callback)
  } finally {
    bytes.ending = false
  }
}

/** What comes after the end, or after the connection is gone, reaches nobody. */
function isOpen({ writableEnded, destroyed }: ServerResponse): boolean {
  return !writableEnded && !destroyed
}

function lengthOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
