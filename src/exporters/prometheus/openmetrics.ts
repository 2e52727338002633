import { systemClock } from '../../base/clock.js'
import { snapshotsOf } from '../../metrics/snapshot.js'
import type { Family } from '../../metrics/row-source.js'
import type { Encoder } from './encoder.js'
import { formatOpenMetrics, type OpenMetricsOptions } from './openmetrics-text.js'

/** OpenMetrics text 1.0.0: units, exemplars, info and state sets, and an end that tells a whole document from a part. */
export function openMetricsEncoder(options: OpenMetricsOptions = {}): Encoder {
  return {
    format: 'openmetrics',
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    accepts: (mediaType, parameters) => mediaType === 'application/openmetrics-text' && (parameters.get('version') ?? '1.0.0') === '1.0.0',
    async *encode(families: readonly Family[]): AsyncIterable<Uint8Array> {
      yield Buffer.from(formatOpenMetrics(snapshotsOf(families, systemClock.unixMs()), options))
    },
  }
}
