import { expect, test } from 'vitest'
import { count, distribution, MetricRegistry, percentiles, Stats } from '../../../src/index.js'

// What the compiler refuses: `npm run types` fails if one of these lines compiles. Each is also run, where it is dropped and counted.
test('the labels of an instrument are required, all of them, under their names', () => {
  const registry = new MetricRegistry()
  const done = registry.counter('types/done', { labelKeys: ['queue'] })
  const depth = registry.gauge('types/depth', { labelKeys: ['queue'] })
  const duration = registry.histogram('types/duration', { unit: 's', labelKeys: ['queue'] })
  // @ts-expect-error no labels
  done.inc()
  // @ts-expect-error no labels
  done.inc(2)
  // @ts-expect-error a wrong label
  done.inc({ queu: 'mail' })
  // @ts-expect-error the value comes first
  depth.set({ queue: 'mail' }, 3)
  // @ts-expect-error no labels
  depth.set(3)
  // @ts-expect-error no labels
  duration.observe(0.2)
  // @ts-expect-error no labels
  duration.time(() => 1)
  // @ts-expect-error no labels
  depth.timeSeries()
  done.inc({ queue: 'mail' })
  done.inc(2, { queue: 'mail' })
  duration.startTimer().stop({ queue: 'mail' })
})

test('rows are typed by the aggregation of their view', () => {
  const stats = new Stats()
  const latency = stats.measure('latency', { unit: 's', tagKeys: ['route'] })
  const requests = stats.registerView({ name: 'requests', measure: latency, tagKeys: ['route'], aggregation: count() })
  const times = stats.registerView({ name: 'times', measure: latency, aggregation: distribution() })
  const recent = stats.registerView({ name: 'recent', measure: latency, aggregation: percentiles() })
  stats.record(latency, 1, { route: '/' })
  // @ts-expect-error a wrong tag
  stats.record(latency, 1, { ruote: '/' })
  // @ts-expect-error a missing tag
  stats.record(latency, 1, {})
  const value: number = requests.rows[0]!.data.value
  const buckets: readonly number[] = times.rows[0]!.data.bucketCounts
  const quantiles: readonly object[] = recent.rows[0]!.data.quantiles
  // @ts-expect-error a count has no buckets
  expect(requests.rows[0]!.data.bucketCounts).toBeUndefined()
  // @ts-expect-error a unit is a string
  expect(() => stats.measure('unit', { unit: 5 })).toThrow()
  // @ts-expect-error a key that the measure does not declare
  expect(() => stats.registerView({ name: 'v', measure: latency, tagKeys: ['ruote'], aggregation: count() })).toThrow()
  expect([value, buckets.length, quantiles.length]).toEqual([1, 12, 3])
})
