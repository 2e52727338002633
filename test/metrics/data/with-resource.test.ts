import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { percentiles, Stats } from '../../../src/index.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import type { RowSource } from '../../../src/metrics/data/row-source.js'
import { withResource } from '../../../src/metrics/data/with-resource.js'

const metric: Metric = {
  descriptor: { name: 'size', description: '', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] },
  timeSeries: [],
}

test.each<[string, () => unknown]>([
  ['a list', () => [metric]],
  ['a promise', () => Promise.resolve([metric])],
  ['a promise of another realm', () => runInNewContext('Promise.resolve([metric])', { metric })],
  ['an object with a then', () => ({ then: (resolve: (metrics: Metric[]) => void) => resolve([metric]) })],
])('a producer that returns %s gets the resource', async (_, getMetrics) => {
  const producer = withResource({ getMetrics: getMetrics as () => Metric[] }, { type: undefined, labels: { service: 'shop' } } as never)
  expect(await producer.getMetrics()).toEqual([{ ...metric, resource: { service: 'shop' } }])
})

test('a producer with a resource is as required as before, and has the same self metrics', () => {
  const resource = { type: undefined, labels: { service: 'shop' } } as never
  const group: MetricProducer = { getMetrics: () => [], isRequired: true, includesSelfMetrics: true, name: 'group' }
  expect(withResource(group, resource)).toMatchObject({ isRequired: true, includesSelfMetrics: true, name: 'group' })
  expect(withResource({ getMetrics: () => [] }, resource)).toMatchObject({ isRequired: false, includesSelfMetrics: false })
})

test('rows with a resource differ from those without in their resource only', async () => {
  const stats = new Stats({ limits: { rowsPerView: 7 } })
  const size = stats.measure('size', { unit: 'By', view: percentiles({ quantiles: [0.5] }) })
  stats.record(size, 1)
  const [rows] = (await stats.getFamilies()) as RowSource[]
  const [withLabels] = (await withResource(stats, { type: undefined, labels: { service: 'shop' } } as never).getFamilies!()) as RowSource[]
  expect(withLabels!.resource).toEqual({ service: 'shop' })
  for (const key of ['descriptor', 'kind', 'bounds', 'rowLimit', 'settings', 'epoch', 'generation', 'chunks'] as const) {
    expect(withLabels![key], key).toBe(rows![key])
  }
  expect(rows!.rowLimit).toBe(7)
  expect(rows!.settings).toBeDefined()
})
