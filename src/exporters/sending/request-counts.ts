import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import type { ReplyMeaning } from './reply-meaning.js'

const requests = internalCounter(
  'tallyscope_exporter_requests_total',
  'HTTP requests of exporters, by outcome: taken, again, too_large, refused, network, timeout, headers.',
  'exporter',
  'outcome',
)
const sentBytes = internalCounter(
  'tallyscope_exporter_sent_bytes_total',
  'Compressed bytes of the request bodies that receivers have responded to.',
  'exporter',
)

/** Counts the requests of one exporter. Exporters of the same name share their counters. */
export class RequestCounts {
  readonly #exporter: string

  constructor(exporter: string) {
    this.#exporter = exporter
  }

  responded(meaning: ReplyMeaning, bytes: number): void {
    internalCount(requests, this.#exporter, meaning).value++
    internalCount(sentBytes, this.#exporter).value += bytes
  }

  failed(reason: 'network' | 'timeout' | 'headers'): void {
    internalCount(requests, this.#exporter, reason).value++
  }
}
