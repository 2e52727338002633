import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'

/** The metadata of a family. */
export interface SeriesMetadata {
  /** Number of the type: counter 1, gauge 2, histogram 3, gauge histogram 4, summary 5, info 6, state set 7, unknown 0. */
  readonly type: number
  readonly help: string
  readonly unit: string
}

/** One request as bytes. */
export interface EncodedRequest {
  readonly samples: number
  readonly body: readonly Uint8Array[]
  /** The same samples as two requests; undefined if there is one series only. */
  halves(): readonly [EncodedRequest, EncodedRequest] | undefined
}

/**
 * Writes series into a request, one behind the other: `begin`, its points, `end`. Each version of the protocol has a class. A value of
 * `undefined` is a stale marker: the series has ended.
 */
export interface RequestWriter {
  readonly samples: number
  readonly bytes: number
  /** @param labels Names and values in turns, in the order of their names. */
  begin(labels: readonly string[], metadata: SeriesMetadata): void
  sample(value: number | undefined, timeUnixMs: number, startTimeUnixMs: number): void
  histogram(value: ExponentialValue | undefined, sum: number, timeUnixMs: number, startTimeUnixMs: number): void
  exemplar(labels: readonly (readonly [string, string])[], exemplar: Exemplar): void
  end(): void
  /** What was written since the last call; the writer begins anew. */
  take(): EncodedRequest
}
