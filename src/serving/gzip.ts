import { promisify } from 'node:util'
import { createGzip, type Gzip, gzip, gzipSync } from 'node:zlib'

// Metrics in text form are compressed to about a tenth at any level. For 500 kB of histograms, level 2 is three times as fast as the
// default level, and with Node's zlib a sixth faster than level 1.
const LEVEL = 2
const CHUNK_BYTES = 65_536
/** Compressing this size takes about a millisecond; another thread would take more CPU time than it saves. */
const SYNC_BYTES = 262_144
/**
 * A window of 8 kB, and a table to match. With the default of 32 kB, a third to a half of the time went into memory that the allocator took
 * from the system and gave back at each call. Metrics in text form repeat themselves within a few lines, so that the size is the same.
 */
const SMALL = { level: LEVEL, chunkSize: CHUNK_BYTES / 2, windowBits: 13, memLevel: 6 }

const gzipAsync = promisify<Uint8Array, { level: number; chunkSize: number }, Buffer>(gzip)

/** Compresses a body in one call: small ones at once, others off the main thread. */
export function gzipBytes(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
  if (bytes.length <= SYNC_BYTES) return gzipSync(bytes, SMALL)
  return gzipAsync(bytes, { level: LEVEL, chunkSize: CHUNK_BYTES })
}

/** Compresses chunks as they come, off the main thread. Ending it ends the source. */
export async function* gzipChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zip = createGzip({ level: LEVEL, chunkSize: CHUNK_BYTES })
  let ready: Uint8Array[] = []
  zip.on('data', (part: Uint8Array) => ready.push(part))
  try {
    for await (const chunk of chunks) {
      await written(zip, chunk)
      if (ready.length === 0) continue
      const parts = ready
      ready = []
      yield* parts
    }
    await ended(zip)
    yield* ready
  } finally {
    zip.destroy()
  }
}

function written(zip: Gzip, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.write(chunk, (error) => (error == null ? resolve() : reject(error)))
  })
}

function ended(zip: Gzip): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.once('error', reject).once('end', resolve).end()
  })
}
