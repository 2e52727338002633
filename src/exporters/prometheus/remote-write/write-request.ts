import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'

/** The metadata of a family. */
export interface SeriesMetadata {
  /** Unknown 0, counter 1, gauge 2, histogram 3, gauge histogram 4, summary 5, info 6, state set 7. */
  readonly type: number
  readonly help: string
  readonly unit: string
}

/** One encoded request. */
export interface EncodedRequest {
  readonly samples: number
  readonly body: readonly Uint8Array[]
  /** Splits the request into two. Returns undefined if it has only one series. */
  halves(): readonly [EncodedRequest, EncodedRequest] | undefined
}

/**
 * Writes series into a request of one version of the protocol. For each series call `begin`, `sample` or `histogram`, `exemplar`, and
 * `end`. The value `undefined` writes a stale marker.
 */
export interface RequestWriter {
  readonly samples: number
  readonly bytes: number
  /** @param labels Alternating names and values, sorted by name. */
  begin(labels: readonly string[], metadata: SeriesMetadata): void
  sample(value: number | undefined, timeUnixMs: number, startTimeUnixMs: number): void
  histogram(value: ExponentialValue | undefined, sum: number, timeUnixMs: number, startTimeUnixMs: number): void
  exemplar(labels: readonly (readonly [string, string])[], exemplar: Exemplar): void
  end(): void
  /** Returns the series that were written since the last call. */
  take(): EncodedRequest
}
