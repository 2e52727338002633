import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'

/** The longest answer that is read, in bytes, also after it was decompressed. */
export const MAX_REPLY_BYTES: number = 4 << 20

const DECOMPRESS: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip),
  deflate: promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate),
}

/**
 * Reads the body of an answer; undefined if it is too long, or not encoded as `content-encoding` names. The connection is then destroyed.
 * @throws what the connection fails with.
 */
export async function replyBody(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REPLY_BYTES) {
      response.destroy()
      return undefined
    }
    chunks.push(chunk)
  }
  if (!response.complete) throw Object.assign(new Error('the answer ended in the middle'), { code: 'ECONNRESET' })
  const body = Buffer.concat(chunks)
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity' || body.length === 0) return body
  const decompress = Object.hasOwn(DECOMPRESS, encoding) ? DECOMPRESS[encoding] : undefined
  try {
    return await decompress?.(body, { maxOutputLength: MAX_REPLY_BYTES })
  } catch {
    return undefined // a bomb, or no gzip at all
  }
}
