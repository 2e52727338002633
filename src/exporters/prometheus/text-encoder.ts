import { systemClock } from '../../base/clock.js'
import { snapshotsOf } from '../../metrics/snapshot.js'
import type { Family } from '../../metrics/row-source.js'
import type { Encoder } from './encoder.js'
import { formatText } from './text.js'

/** Prometheus text 0.0.4: what every scraper reads. */
export const textEncoder: Encoder = {
  format: 'text',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  accepts: (mediaType, parameters) => mediaType === 'text/plain' && (parameters.get('version') ?? '0.0.4') === '0.0.4',
  async *encode(families: readonly Family[]): AsyncIterable<Uint8Array> {
    yield Buffer.from(formatText(snapshotsOf(families, systemClock.unixMs())))
  },
}
