import { exposedName, labelName } from '../../src/metrics/data/prometheus-name.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { type Aggregation, count, distribution, lastValue, sum } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { readText } from '../exporters/prometheus/format/text-reader.js'
import { runVectors } from './vectors.js'

/** The one family of a document in which `values` were recorded into a view called `name`. */
function expose(name: string, aggregation: Aggregation, values: readonly number[]) {
  const stats = new Stats()
  const measure = stats.measure('m')
  stats.viewManager.registerView({ name, measure, aggregation })
  for (const value of values) stats.record(measure, value, {})
  const [family] = readText(formatText(stats.getMetrics())).values()
  if (family === undefined) throw new Error('nothing was exposed')
  return family
}

const aggregations: Record<string, (bounds: number[]) => Aggregation> = {
  count: () => count(),
  sum: () => sum(),
  last_value: () => lastValue(),
  distribution: (bounds) => distribution(bounds),
}

runVectors<{ namespace: string; view: string }>('prom.name', ({ namespace, view }) =>
  exposedName({ name: `${namespace}/${view}`, type: 'GAUGE_DOUBLE', unit: '1', description: '', labelKeys: [] }),
)

runVectors<string>('prom.label_name', labelName)

runVectors<{ agg: string; values: number[]; bounds?: number[] }>(
  'prom.type',
  ({ agg, values, bounds = [] }) => expose('v', aggregations[agg]!(bounds), values).type,
)

runVectors<{ bounds: number[]; values: number[] }>('prom.histogram', ({ bounds, values }) => {
  const { samples } = expose('v', distribution(bounds), values)
  const valueOf = (name: string) => samples.find((sample) => sample.name === name)?.value
  const buckets = samples.filter(({ name }) => name === 'v_bucket').map(({ labels, value }) => [labels.get('le'), value])
  return { buckets, sum: valueOf('v_sum'), count: valueOf('v_count') }
})
