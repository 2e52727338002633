import { gzipBytes } from '../../serving/gzip.js'

/** Compresses a body of several chunks with gzip into one: a small one synchronously, a large one off the main thread. */
export async function gzipBody(body: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  return [await gzipBytes(body.length === 1 ? body[0]! : Buffer.concat(body))]
}
