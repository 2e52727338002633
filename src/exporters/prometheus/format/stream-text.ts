import { checkOptions } from '../../../base/check-options.js'
import { gatherFamilies } from '../../../metrics/collection/gather.js'
import type { MetricProducer } from '../../../metrics/data/producer.js'
import { textEncoder } from './text-encoder.js'

export interface StreamTextOptions {
  /** Producers whose metrics are in the document. */
  readonly producers: readonly MetricProducer[]
  /** Time limit for each producer, in milliseconds, 0 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
  /** If it is aborted, the stream fails with its reason. Default: none. */
  readonly signal?: AbortSignal
}

/**
 * The Prometheus text format 0.0.4 in chunks of up to 128 KiB, rendered from rows as it is read.
 *
 * Work is done in slices of some 2 ms with a turn of the event loop between them; what has not changed since the last
 * document is not rendered again. Each row is read in one go, so a histogram's buckets always add up to its
 * count; the document as a whole is not one point in time.
 *
 * @example
 * for await (const chunk of streamText({ producers: [stats] })) response.write(chunk)
 */
export async function* streamText(options: StreamTextOptions): AsyncGenerator<Uint8Array, void, undefined> {
  checkOptions('streamText', options, { producers: true, timeoutMs: true, signal: true })
  const { producers, timeoutMs = 10_000, signal } = options
  yield* textEncoder.encode(await gatherFamilies(producers, { timeoutMs }), signal)
}
