import { gzipBytes } from '../../serving/gzip.js'

/** A body of several pieces as one that is compressed with gzip: a small one at once, a large one off the main thread. */
export async function gzipBody(body: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  return [await gzipBytes(body.length === 1 ? body[0]! : Buffer.concat(body))]
}
