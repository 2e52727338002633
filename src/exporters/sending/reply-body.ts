import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { appendChunk } from '../../base/byte-chunks.js'

/** The maximum size of a response body in bytes, before and after decompression. */
const MAX_REPLY_BYTES = 4 << 20

const DECOMPRESS: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip),
  deflate: promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate),
}

/**
 * Reads and decompresses the body of a response. Returns undefined if it is too long or its encoding is unknown or broken. The connection
 * of a body that is too long is destroyed.
 * @throws the error of the connection.
 */
export async function replyBody(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks = await readChunks(response)
  if (chunks === undefined) return undefined
  const body = Buffer.concat(chunks)
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity' || body.length === 0) return body
  const decompress = Object.hasOwn(DECOMPRESS, encoding) ? DECOMPRESS[encoding] : undefined
  try {
    return await decompress?.(body, { maxOutputLength: MAX_REPLY_BYTES })
  } catch {
    return undefined // too long once decompressed, or not in this encoding
  }
}

/** By listeners: for the first response of a process, an async iterator takes twice as long. */
function readChunks(response: IncomingMessage): Promise<Uint8Array[] | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    response.on('data', (chunk: Buffer) => {
      length += chunk.length
      appendChunk(chunks, chunk)
      if (length <= MAX_REPLY_BYTES) return
      resolve(undefined)
      response.destroy()
    })
    response.once('end', () => resolve(chunks))
    response.once('error', reject)
    response.once('close', () => reject(Object.assign(new Error('the response ended early'), { code: 'ECONNRESET' })))
  })
}
