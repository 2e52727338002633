import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
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
  const rows: RowSource = {
    descriptor: metric.descriptor,
    kind: 'distribution',
    bounds: [1, 2],
    rowLimit: 7,
    settings: { digits: 3 },
    epoch: 4,
    generation: 5,
    chunks: [],
  }
  const producer: MetricProducer = { getMetrics: () => [], getFamilies: () => [rows] }
  const withLabels = withResource(producer, { type: undefined, labels: { service: 'shop' } } as never)
  const [first] = (await withLabels.getFamilies!()) as RowSource[]
  expect(first!.resource).toEqual({ service: 'shop' })
  for (const key of Object.keys(rows) as (keyof RowSource)[]) expect(first![key], key).toBe(rows[key])
  expect((await withLabels.getFamilies!())[0]).toBe(first)
})
