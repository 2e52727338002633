import { checkOptions } from '../../../base/check-options.js'
import { gatherFamilies } from '../../../metrics/collection/gather.js'
import type { MetricProducer } from '../../../metrics/data/producer.js'
import { textEncoder } from './text-encoder.js'

export interface StreamTextOptions {
  /** The producers of the metrics. */
  readonly producers: readonly MetricProducer[]
  /** Time limit for each producer, in milliseconds, 0 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
  /** When aborted, the stream throws its reason. Default: none. */
  readonly signal?: AbortSignal
}

/**
 * Streams metrics in the Prometheus text format 0.0.4, in chunks of up to 128 KiB.
 *
 * The text is written on demand in slices of about 2 ms, and unchanged text is cached. Each row is read atomically, so that the buckets of
 * a histogram always match its count, but rows are read at different times.
 *
 * @throws {@link DefinitionError} (at the first chunk) `ERR_OPTION`, `ERR_PRODUCER` or `ERR_GATHER_TIMEOUT` if an option is not valid.
 * @example
 * for await (const chunk of streamText({ producers: [stats] })) response.write(chunk)
 */
export async function* streamText(options: StreamTextOptions): AsyncGenerator<Uint8Array, void, undefined> {
  checkOptions('streamText', options, { producers: true, timeoutMs: true, signal: true })
  const { producers, timeoutMs = 10_000, signal } = options
  yield* textEncoder.encode(await gatherFamilies(producers, { timeoutMs }), signal)
}
