import { getOrInsert } from '../../../base/get-or-insert.js'
import type { Family } from '../../../metrics/data/row-source.js'
import { joined } from '../../../base/byte-chunks.js'
import { gzipBytes } from '../../../serving/gzip.js'
import type { Encoder } from '../format/encoder.js'
import { intact, renderDocument, type ScrapeDocument, WHOLE_BYTES } from './scrape-document.js'

/** A large document for few scrapes is not shared, so that they hold no more memory together than each with a document of its own. */
const MAX_SHARED_BYTES = 8_388_608

export interface SharingScrape {
  /** Aborted when the scraper has disconnected. */
  readonly signal: AbortSignal | undefined
}

/**
 * The documents that the scrapes of one gathering share, one per encoder and compression. Rows are read when a document is encoded.
 *
 * cache          holds                                 invalid   released
 * #encoded       the document of each encoder          never     when the last scrape of the gathering has its response
 * #compressed    the same, compressed with gzip        never     with #encoded
 *
 * They are never invalid because all scrapes arrived before the first of them began to encode. Scrapes that stop waiting for producers
 * within 10 ms share documents of their own. A scrape that arrives later gets another object of this class.
 */
export class SharedDocuments {
  readonly #scrapes = new Set<SharingScrape>()
  readonly #encoded = new Map<Encoder, Promise<ScrapeDocument>>()
  readonly #compressed = new Map<Encoder, Promise<ScrapeDocument>>()

  /** Call it before the gathering has ended. */
  join(scrape: SharingScrape): void {
    this.#scrapes.add(scrape)
  }

  /** Call it if the scrape does not wait any more. */
  leave(scrape: SharingScrape): void {
    this.#scrapes.delete(scrape)
  }

  /** The document for one scrape. Undefined if the scrape has to encode its own, because it is the only one or the document is too large. */
  async take(encoder: Encoder, isGzip: boolean, families: readonly Family[]): Promise<ScrapeDocument | undefined> {
    if (this.#scrapes.size < 2) return undefined
    let isFirst = false
    const encoded = await getOrInsert(this.#encoded, encoder, () => {
      isFirst = true
      return this.#encode(encoder, families)
    })
    if (encoded.rest !== undefined) return isFirst ? encoded : undefined
    const shared = isGzip ? await getOrInsert(this.#compressed, encoder, () => compressed(encoded)) : encoded
    return { ...shared, parts: shared.parts.map(intact) }
  }

  async #encode(encoder: Encoder, families: readonly Family[]): Promise<ScrapeDocument> {
    const maxBytes = Math.min(this.#scrapes.size * WHOLE_BYTES, MAX_SHARED_BYTES)
    const document = await renderDocument(this.#untilAbandoned(encoder.encode(families, undefined, 'client')), maxBytes)
    return document.bytes > WHOLE_BYTES || document.bytes === 0 ? document : { ...document, parts: [joined(document.parts)] }
  }

  /** Throws if all scrapers have disconnected. */
  async *#untilAbandoned(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if ([...this.#scrapes].every(({ signal }) => signal?.aborted === true)) throw new Error('all scrapers have disconnected')
      yield chunk
    }
  }
}

async function compressed(document: ScrapeDocument): Promise<ScrapeDocument> {
  return { ...document, parts: [await gzipBytes(joined(document.parts))], isCompressed: true, memory: {} }
}
