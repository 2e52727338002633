import { internalCount, internalCounter, mergedGauge } from '../../../base/internal-metrics.js'

const scrapes = internalCounter(
  'tallyscope_prometheus_scrapes_total',
  'Scrapes, by format and HTTP status, or aborted (by the client) or broken (after the first byte).',
  'format',
  'code',
)
const seconds = internalCounter(
  'tallyscope_prometheus_scrape_seconds_total',
  'Time from the request to the end of the body, in seconds.',
  'format',
)
const bytes = internalCounter(
  'tallyscope_prometheus_scrape_bytes_total',
  'Bytes of the bodies that were sent, after compression.',
  'format',
)
const lastBytes = mergedGauge(
  'latest',
  'tallyscope_prometheus_last_document_bytes',
  'Size of the newest complete document before compression, to compare with the limits of scrapers.',
  'format',
)

const partial = internalCounter(
  'tallyscope_prometheus_partial_scrapes_total',
  'Scrapes without the metrics of producers that were slower than the time-out of the scraper.',
  'format',
)

const closedConnections = internalCounter(
  'tallyscope_prometheus_closed_connections_total',
  'Connections closed at the limit of serveMetrics: idle ones to admit others, and new ones because none was idle.',
  'reason',
)

export function countClosedConnection(reason: 'idle' | 'refused'): void {
  internalCount(closedConnections, reason).value++
}

export function countPartial(format: string): void {
  internalCount(partial, format).value++
}

interface ScrapeOutcome {
  readonly format: string
  /** HTTP status, `aborted` or `broken`. */
  readonly code: string
  readonly durationMs: number
  readonly sentBytes: number
  /** Size before compression; undefined if no complete document was sent. */
  readonly documentBytes: number | undefined
}

export function countScrape({ format, code, durationMs, sentBytes, documentBytes }: ScrapeOutcome): void {
  internalCount(scrapes, format, code).value++
  internalCount(seconds, format).value += durationMs / 1_000
  internalCount(bytes, format).value += sentBytes
  if (documentBytes !== undefined) internalCount(lastBytes, format).value = documentBytes
}
