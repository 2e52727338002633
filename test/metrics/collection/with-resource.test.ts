import { expect, test } from 'vitest'
import type { Resource } from '../../../src/base/resource.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { withResource } from '../../../src/metrics/collection/with-resource.js'

const metric = (name: string, own?: Record<string, string>): Metric => ({
  descriptor: { name, description: '', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] },
  timeSeries: [],
  ...(own && { resource: own }),
})
const shop: Resource = { labels: { 'service.name': 'shop' } }

test('every metric says who is speaking; one that says so itself stays as it is', () => {
  const given = [metric('a'), metric('b', { 'service.name': 'till' })]
  const metrics = withResource({ name: 'p', getMetrics: () => given }, shop).getMetrics() as readonly Metric[]
  expect(metrics.map((each) => each.resource)).toEqual([{ 'service.name': 'shop' }, { 'service.name': 'till' }])
  expect(metrics[1]).toBe(given[1])
  expect(given[0]).not.toHaveProperty('resource')
})

test('metrics that are promised say so too, and the context reaches the producer', async () => {
  const context = { suppressed: true } as never
  const asked: unknown[] = []
  const producer = withResource({ name: 'p', getMetrics: async (given) => (asked.push(given), [metric('a')]) }, shop)
  expect(await producer.getMetrics(context)).toMatchObject([{ resource: { 'service.name': 'shop' } }])
  expect(asked).toEqual([context])
  expect(producer.name).toBe('p')
})

test('without labels the producer is the very one', () => {
  const producer = { name: 'p', getMetrics: () => [] }
  expect(withResource(producer, { labels: {} })).toBe(producer)
})
