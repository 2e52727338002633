import type { Family } from '../../../metrics/data/row-source.js'
import { snapshotsOf } from '../../../metrics/data/snapshot.js'
import type { Encoder } from './encoder.js'
import { exposedFamily } from './names.js'
import { OpenMetricsRows } from './openmetrics-rows.js'
import { groupedSeries, type OpenMetricsOptions } from './openmetrics-text.js'
import { selectFamilies } from './select-families.js'
import type { SelectedFamily } from './selected-family.js'
import { encodeText, oncePerSource } from './text-document.js'
import { textCacheOf } from './text-encoder.js'

const END = Buffer.from('# EOF\n')
/** Prometheus before 2.34 requests 0.0.1, the draft of 1.0.0. Documents of both are the same. */
const VERSIONS: readonly string[] = ['1.0.0', '0.0.1']

/**
 * OpenMetrics text 1.0.0, which adds units, exemplars, info and state sets, and an end marker. Writes the same bytes as
 * {@link formatOpenMetrics}, from rows and in slices.
 * @example
 * await serveMetrics({ producers: [stats], encoders: [textEncoder, openMetricsEncoder({ created: true })] })
 */
export function openMetricsEncoder({ created = false }: OpenMetricsOptions = {}): Encoder {
  const rowsOf = oncePerSource((source, family) => {
    const text = textCacheOf(source, exposedFamily(source.descriptor))
    return new OpenMetricsRows(source, family, text, created)
  })
  return {
    format: 'openmetrics',
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    accepts: (mediaType, parameters) =>
      mediaType === 'application/openmetrics-text' && VERSIONS.includes(parameters.get('version') ?? '1.0.0'),
    encode: (families, signal, owner) => encodeText(selectFamilies(families, 'openmetrics').map(grouped), rowsOf, signal, owner, END),
  }
}

/** Sorts the series of a state set, because rows are in the order of their creation. */
function grouped(family: SelectedFamily<Family>): SelectedFamily<Family> {
  const { members, exposed } = family
  if (exposed.openMetricsType !== 'stateset') return family
  const timeSeries = snapshotsOf(members, 0).flatMap((metric) => metric.timeSeries)
  return { exposed, members: [{ descriptor: members[0]!.descriptor, timeSeries: groupedSeries(exposed, timeSeries) }] }
}
