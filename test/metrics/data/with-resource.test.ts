import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Metric } from '../../../src/metrics/data/metric.js'
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
