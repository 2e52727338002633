import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import type { ReplyMeaning } from './reply-policy.js'

const requests = internalCounter(
  'tallyscope_exporter_requests_total',
  'Requests of exporters that send by HTTP, by outcome: taken, again, too_large, refused, network, timeout, headers.',
  'exporter',
  'outcome',
)
const sentBytes = internalCounter(
  'tallyscope_exporter_sent_bytes_total',
  'Bytes of bodies, as compressed, that receivers have answered.',
  'exporter',
)

/** Counts the requests of one exporter; exporters of one name share the counters. */
export class RequestCounts {
  readonly #exporter: string

  constructor(exporter: string) {
    this.#exporter = exporter
  }

  answered(meaning: ReplyMeaning, bytes: number): void {
    internalCount(requests, this.#exporter, meaning.replace(' ', '_')).value++
    internalCount(sentBytes, this.#exporter).value += bytes
  }

  failed(reason: 'network' | 'timeout' | 'headers'): void {
    internalCount(requests, this.#exporter, reason).value++
  }
}
