import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { bridgeToRegistry } from '../../../src/integrations/prom-client/bridge-to-registry.js'
import { distribution, lastValue } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { fromRegistry } from '../../../src/integrations/prom-client/from-registry.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'

function bridgedCounter(): Registry {
  const registry = new MetricRegistry()
  registry.counter('mails').inc(3)
  const target = new Registry()
  bridgeToRegistry(target, { producers: [registry] })
  return target
}

const setContentType = (registry: Registry, contentType: string): void => registry.setContentType(contentType as never)

test('counters keep their names after the registry has written OpenMetrics', async () => {
  const target = bridgedCounter()
  const before = await target.metrics()
  setContentType(target, Registry.OPENMETRICS_CONTENT_TYPE)
  expect(await target.metrics()).toContain('# TYPE mails counter\nmails_total 3\n')
  setContentType(target, Registry.PROMETHEUS_CONTENT_TYPE)
  expect(await target.metrics()).toBe(before)
  expect(before).toContain('# TYPE mails_total counter\nmails_total 3\n')
})

test('a scrape in one format does not change the names of another that is being written', async () => {
  const target = bridgedCounter()
  setContentType(target, Registry.OPENMETRICS_CONTENT_TYPE)
  const openMetrics = target.metrics()
  const json = target.getMetricsAsJSON()
  expect(await openMetrics).toContain('# TYPE mails counter\nmails_total 3\n')
  expect((await json).map(({ name }) => name)).toEqual(['mails_total'])
})

test('a view that is defined differently is shown with its new type and description', async () => {
  const stats = new Stats()
  const latency = stats.measure('latency')
  const target = new Registry()
  bridgeToRegistry(target, { producers: [stats] })
  const { viewManager } = stats
  viewManager.registerView({ name: 'latency', measure: latency, aggregation: distribution([1]), description: 'Buckets' })
  stats.record(latency, 3)
  expect(await target.metrics()).toContain('# HELP latency Buckets\n# TYPE latency histogram\n')
  viewManager.unregisterView('latency')
  viewManager.registerView({ name: 'latency', measure: latency, aggregation: lastValue(), description: 'The newest' })
  stats.record(latency, 7)
  expect(await target.metrics()).toBe('# HELP latency The newest\n# TYPE latency gauge\nlatency 7\n')
  expect(await target.getMetricsAsJSON()).toMatchObject([{ help: 'The newest', type: 'gauge', values: [{ value: 7 }] }])
})

test('the names are those of metrics that are still in the registry', async () => {
  const registry = new MetricRegistry()
  registry.counter('mails')
  const target = new Registry()
  const bridge = bridgeToRegistry(target, { producers: [registry] })
  expect(bridge.names).toEqual(['mails_total'])
  target.clear()
  expect(bridge.names).toEqual([])
  await target.metrics()
  expect(bridge.names).toEqual(['mails_total'])
})

test('a producer is refused a registry that cannot look a metric up', () => {
  const partial = { getMetricsAsArray: () => [] } as never
  expect(() => fromRegistry(partial)).toThrow(expect.objectContaining({ code: 'ERR_PROM_REGISTRY' }))
})
