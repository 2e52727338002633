import { selfCount, selfFamily } from '../../../base/internal-metrics.js'

const scrapes = selfFamily({
  name: 'tallyscope_prometheus_scrapes_total',
  description: 'Scrapes answered, by format and HTTP status; aborted by the client, or broken off after the first byte.',
  type: 'counter',
  unit: '1',
  labelKeys: ['format', 'code'],
})
const seconds = selfFamily({
  name: 'tallyscope_prometheus_scrape_seconds_total',
  description: 'Time from request to the end of the body.',
  type: 'counter',
  unit: 's',
  labelKeys: ['format'],
})
const bytes = selfFamily({
  name: 'tallyscope_prometheus_scrape_bytes_total',
  description: 'Bytes of the bodies sent, as compressed.',
  type: 'counter',
  unit: 'By',
  labelKeys: ['format'],
})
const lastBytes = selfFamily({
  name: 'tallyscope_prometheus_last_document_bytes',
  description: 'Size of the newest whole document before compression, to be compared with limits of scrapers.',
  type: 'gauge',
  unit: 'By',
  labelKeys: ['format'],
})

const partial = selfFamily({
  name: 'tallyscope_prometheus_partial_scrapes_total',
  description: 'Scrapes answered without producers that were still being called when the time of the scraper was over.',
  type: 'counter',
  unit: '1',
  labelKeys: ['format'],
})

export function countPartial(format: string): void {
  selfCount(partial, format).value++
}

export interface ScrapeOutcome {
  readonly format: string
  /** HTTP status, `aborted` or `broken`. */
  readonly code: string
  readonly durationMs: number
  readonly sentBytes: number
  /** Size before compression, where a whole document was sent. */
  readonly documentBytes: number | undefined
}

export function countScrape({ format, code, durationMs, sentBytes, documentBytes }: ScrapeOutcome): void {
  selfCount(scrapes, format, code).value++
  selfCount(seconds, format).value += durationMs / 1_000
  selfCount(bytes, format).value += sentBytes
  if (documentBytes !== undefined) selfCount(lastBytes, format).value = documentBytes
}
