import type { Family } from '../../../metrics/data/row-source.js'
import { snapshotsOf } from '../../../metrics/data/snapshot.js'
import type { Encoder } from './encoder.js'
import { exposedFamily } from './names.js'
import { OpenMetricsRows } from './openmetrics-rows.js'
import { groupedSeries, type OpenMetricsOptions } from './openmetrics-text.js'
import { encodeText, oncePerSource } from './text-document.js'
import { textCacheOf } from './text-encoder.js'

const END = Buffer.from('# EOF\n')

/**
 * OpenMetrics text 1.0.0: units, exemplars, info and state sets, and an end that tells a whole document from a part.
 * Writes the bytes of {@link formatOpenMetrics}, from rows and in slices.
 */
export function openMetricsEncoder({ created = false }: OpenMetricsOptions = {}): Encoder {
  const rowsOf = oncePerSource((source, family) => new OpenMetricsRows(source, family, textCacheOf(source, family), created))
  return {
    format: 'openmetrics',
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    accepts: (mediaType, parameters) => mediaType === 'application/openmetrics-text' && (parameters.get('version') ?? '1.0.0') === '1.0.0',
    encode: (families: readonly Family[], signal?: AbortSignal) => encodeText(families.map(grouped), rowsOf, signal, END),
  }
}

/** The states of one set must stand together, while rows stand in the order in which they were made. */
function grouped(family: Family): Family {
  const exposed = exposedFamily(family.descriptor)
  if (exposed.openMetricsType !== 'stateset') return family
  const [metric] = snapshotsOf([family], 0)
  return { ...metric!, timeSeries: groupedSeries(exposed, metric!.timeSeries) }
}
