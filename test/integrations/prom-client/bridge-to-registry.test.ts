import { AggregatorRegistry, Counter, Registry } from 'prom-client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import { bridgeToRegistry } from '../../../src/integrations/prom-client/bridge-to-registry.js'
import { fromRegistry } from '../../../src/integrations/prom-client/from-registry.js'
import { gather } from '../../../src/metrics/collection/gather.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { runtimeMetrics } from '../../../src/runtime/runtime-metrics.js'
import { type Aggregation, count, distribution, lastValue, percentiles, sum } from '../../../src/stats/views/aggregation.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import { Stats } from '../../../src/stats/stats.js'
import { selfValue } from '../../exporters/self-value.js'
import { parseSamples, parseTypes } from './parse-samples.js'

/** Its types know the content type as an argument of the type only. */
const openMetricsRegistry = (): Registry => new (Registry as new (contentType: string) => Registry)(Registry.OPENMETRICS_CONTENT_TYPE)

/** An engine with a view of every kind, some of them with values. */
function fullStats(limit = 2_000) {
  const stats = new Stats({ limits: { rowsPerView: limit } })
  const latency: Measure<'route'> = stats.measure('shop/latency', { unit: 's', description: 'Say "hi"\nagain', tagKeys: ['route'] })
  const register = (name: string, aggregation: Aggregation) =>
    stats.viewManager.registerView({ name, measure: latency, aggregation, tagKeys: ['route'] })
  register('shop/latency', distribution([0.1, 0.5]))
  register('shop/requests', count())
  register('shop/spent', sum())
  register('shop/last', lastValue())
  register('shop/quick', percentiles())
  for (const [value, route] of [
    [0.1, '/'],
    [0.3, '/'],
    [7, 'a"b\\c\nd'],
    [0.2, 'é'],
  ] as const)
    stats.record(latency, value, { route })
  return { stats, latency }
}

function fullRegistry() {
  const registry = new MetricRegistry()
  registry.gauge('queue/depth', { labelKeys: ['queue'] }).set(Number.NaN, { queue: 'mail' })
  registry.cumulative('jobs/done', { unit: 'By' }).add(3)
  registry.info('build', { labelKeys: ['version'] }).set({ version: '1.2.3' })
  registry.stateSet('door', { states: ['open', 'shut'] }).set('open')
  return registry
}

test("the registry's text has our samples and types beside its own", async () => {
  const { stats } = fullStats()
  const producers = [stats, fullRegistry()]
  const theirs = new Registry()
  new Counter({ name: 'own_total', help: 'x', registers: [theirs] }).inc()
  const bridge = bridgeToRegistry(theirs, { producers })
  const text = await theirs.metrics()
  const ours = formatText(await gather(producers))
  const samples = parseSamples(text)
  expect(samples.get('own_total{}')).toBe(1)
  samples.delete('own_total{}')
  expect([...samples].sort()).toEqual([...parseSamples(ours)].sort())
  expect(parseTypes(text)).toEqual({ own_total: 'counter', ...parseTypes(ours) })
  bridge.stop()
})

test('a bridge in both directions loses no metric', async () => {
  const { stats } = fullStats()
  const theirs = new Registry()
  const bridge = bridgeToRegistry(theirs, { producers: [stats] })
  await theirs.metrics()
  expect([...parseSamples(formatText(await fromRegistry(theirs).getMetrics()))].sort()).toEqual(
    [...parseSamples(formatText(stats.getMetrics()))].sort(),
  )
  bridge.stop()
})

test('metrics added later are shown, also of asynchronous producers', async () => {
  const stats = new Stats()
  const registry = new MetricRegistry()
  const theirs = new Registry()
  const bridge = bridgeToRegistry(theirs, { producers: [stats, registry] })
  const measure = stats.measure('late')
  stats.viewManager.registerView({ name: 'late', measure, aggregation: count() })
  stats.record(measure, 1)
  expect(await theirs.metrics()).toContain('late_total 1')
  registry.derivedGauge('asked').observe(async () => 5)
  await theirs.metrics()
  expect(await theirs.metrics()).toContain('asked 5')
  stats.viewManager.unregisterView('late')
  expect(await theirs.metrics()).not.toContain('late_total 1')
  bridge.stop()
})

test('the cluster of prom-client combines gauges by their merge rule', async () => {
  const processes = await Promise.all(
    [1, 5].map(async (value) => {
      const registry = new MetricRegistry()
      for (const merge of ['sum', 'min', 'max', 'latest', 'each'] as const) registry.gauge(`of_${merge}`, { merge }).set(value)
      registry.info('build', { labelKeys: ['version'] }).set({ version: '1' })
      registry.counter('jobs').inc(value)
      const theirs = new Registry()
      bridgeToRegistry(theirs, { producers: [registry, runtimeMetrics({ only: ['process_start_time_seconds'] })] })
      return theirs.getMetricsAsJSON()
    }),
  )
  const samples = parseSamples(await AggregatorRegistry.aggregate(processes).metrics())
  const started = samples.get('process_start_time_seconds{}')!
  expect(started).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000)) // prom-client rounds it
  samples.delete('process_start_time_seconds{}')
  expect(Object.fromEntries(samples)).toEqual({
    'of_sum{}': 6,
    'of_min{}': 1,
    'of_max{}': 5,
    'of_latest{}': 1,
    'build_info{version=1}': 1,
    'jobs_total{}': 6,
  })
})

test('a name of the registry stays its own, before the bridge and after', async () => {
  const { stats } = fullStats()
  const theirs = new Registry()
  new Counter({ name: 'shop_requests_total', help: 'theirs', registers: [theirs] }).inc(100)
  const bridge = bridgeToRegistry(theirs, { producers: [stats] })
  new Counter({ name: 'shop_spent_seconds_total', help: 'theirs', registers: [theirs] }).inc(200)
  const samples = parseSamples(await theirs.metrics()) // throws where a sample stands twice
  expect(samples.get('shop_requests_total{}')).toBe(100)
  expect(samples.get('shop_spent_seconds_total{}')).toBe(200)
  expect(samples.get('shop_latency_seconds_count{route=/}')).toBe(2)
  expect(bridge.names).not.toContain('shop_requests_total')
  bridge.stop()
})

test('stop leaves the registry as before', async () => {
  const { stats } = fullStats()
  const theirs = new Registry()
  new Counter({ name: 'own_total', help: 'x', registers: [theirs] }).inc()
  const before = await theirs.metrics()
  const bridge = bridgeToRegistry(theirs, { producers: [stats] })
  expect(await theirs.metrics()).not.toBe(before)
  bridge.stop()
  bridge.stop()
  expect(await theirs.metrics()).toBe(before)
  expect(Object.keys(theirs)).toEqual(Object.keys(new Registry()))
  expect(theirs.getMetricsAsArray).toBe(Registry.prototype.getMetricsAsArray)
})

test('a cleared registry shows our metrics again', async () => {
  const { stats } = fullStats()
  const theirs = new Registry()
  const bridge = bridgeToRegistry(theirs, { producers: [stats] })
  theirs.clear()
  expect(await theirs.metrics()).toContain('shop_requests_total{route="/"} 2')
  theirs.resetMetrics()
  expect(await theirs.metrics()).toContain('shop_requests_total{route="/"} 2')
  bridge.stop()
})

test("the registry's OpenMetrics has exemplars and valid names", async () => {
  const { stats, latency } = fullStats()
  stats.record(latency, 0.05, { route: '/' }, { trace_id: 'abc' })
  const theirs = openMetricsRegistry()
  const bridge = bridgeToRegistry(theirs, { producers: [stats] })
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await theirs.metrics()
    expect(text).toContain('# TYPE shop_requests counter\n')
    expect(text).toContain('shop_requests_total{route="/"} 3')
    expect(text).toMatch(/^shop_latency_seconds_bucket\{.*le="0.1".*\} 2 # \{trace_id="abc"\} 0.05 1\d+/m)
  }
  bridge.stop()
})

test('the overflow row has its own label', async () => {
  const { stats } = fullStats(1)
  const theirs = new Registry()
  const bridge = bridgeToRegistry(theirs, { producers: [stats] })
  expect(await theirs.metrics()).toContain('shop_requests_total{tallyscope_overflow="true"} 2')
  bridge.stop()
})

test('a failing producer omits only its own metrics', async () => {
  const { stats } = fullStats()
  const broken = {
    getMetrics: () => {
      throw new Error('planted')
    },
    getFamilies: () => {
      throw new Error('planted')
    },
  }
  const theirs = new Registry()
  const bridge = bridgeToRegistry(theirs, { producers: [broken, stats] })
  expect(await theirs.metrics()).toContain('shop_requests_total{route="/"} 2')
  bridge.stop()
})

test('one scrape gathers once, however many metrics there are', async () => {
  let gatherings = 0
  const { stats } = fullStats()
  const producer = { getMetrics: () => (gatherings++, stats.getMetrics()) }
  const theirs = new Registry()
  const bridge = bridgeToRegistry(theirs, { producers: [producer] })
  await theirs.metrics()
  gatherings = 0
  await theirs.metrics()
  expect(gatherings).toBe(1)
  bridge.stop()
})

test('an invalid registry is refused', () => {
  expect(() => bridgeToRegistry({} as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_PROM_REGISTRY',
      message: 'a bridge needs a prom-client registry: this one has no method registerMetric',
    }),
  )
})

test('exemplars that OpenMetrics cannot represent are omitted', async () => {
  const registry = new (Registry as new (contentType: string) => Registry)(Registry.OPENMETRICS_CONTENT_TYPE)
  const stats = new Stats()
  const stock = stats.measure('stock', { signed: true })
  const orders = stats.measure('orders')
  stats.viewManager.registerView({ name: 'stock', measure: stock, aggregation: sum() })
  stats.viewManager.registerView({ name: 'orders', measure: orders, aggregation: distribution([1]) })
  stats.record(stock, -2, {}, { trace_id: 'abc' })
  stats.record(orders, 0.5, {}, { 'not a label': 'abc' })
  stats.record(orders, 2, {}, { trace_id: 'def' })
  bridgeToRegistry(registry, { producers: [stats] })
  const samples = (await registry.metrics()).split('\n').filter((line) => line.startsWith('stock') || line.startsWith('orders_bucket'))
  expect(samples.map((line) => line.replace(/ [\d.]+$/, ' <time>').replace('stock -2', 'stock -2'))).toEqual([
    'stock -2',
    'orders_bucket{le="1"} <time>',
    'orders_bucket{le="+Inf"} 2 # {trace_id="def"} 2 <time>',
  ])
})

test.each([Number.POSITIVE_INFINITY, -1, Number.NaN, '5'])('a time-out of %s is refused', (timeoutMs) => {
  expect(() => bridgeToRegistry(new Registry(), { producers: [], timeoutMs: timeoutMs as number })).toThrow(
    expect.objectContaining({ code: 'ERR_GATHER_TIMEOUT' }),
  )
})

test('a scrape while timers are faked does not freeze the values of later ones', async () => {
  const { stats, latency } = fullStats()
  const registry = new Registry()
  bridgeToRegistry(registry, { producers: [stats] })
  vi.useFakeTimers({ toFake: ['setImmediate'] })
  onTestFinished(() => void vi.useRealTimers())
  const requests = async () => parseSamples(await registry.metrics()).get('shop_requests_total{route=/}')
  const before = await requests()
  stats.record(latency, 1, { route: '/' })
  await new Promise((resolve) => process.nextTick(resolve))
  vi.useRealTimers()
  await new Promise((resolve) => setImmediate(resolve))
  expect([before, await requests()]).toEqual([2, 3])
})

test('metrics of one definition in several producers are one, as on our own page', async () => {
  const producers = ['a', 'b', 'b'].map((tenant, at) => {
    const registry = new MetricRegistry({ constantLabels: { tenant } })
    registry.counter('bridged/jobs').inc(at + 1)
    registry.histogram('bridged/wait', { bounds: [1] }).observe(at)
    return registry
  })
  const target = new Registry()
  bridgeToRegistry(target, { producers })
  const samples = parseSamples(await target.metrics())
  expect([...samples].sort()).toEqual([...parseSamples(formatText(await gather(producers)))].sort())
  expect(samples.get('bridged_jobs_total{tenant=b}')).toBe(2)
  expect(selfValue('tallyscope_prometheus_left_out_series_total', 'bridged_jobs_total')).toBeGreaterThan(0)
})

test('a metric that clashes with one of another producer is left out, which is counted', async () => {
  const [one, other] = [new MetricRegistry(), new MetricRegistry()]
  one.counter('bridged/clash', { exactName: true }).inc(3)
  one.histogram('bridged/size', { bounds: [] }).observe(5)
  other.gauge('bridged/clash').set(7)
  other.counter('bridged/size/count', { exactName: true }).inc(9)
  const target = new Registry()
  bridgeToRegistry(target, { producers: [one, other] })
  expect([...parseSamples(await target.metrics())].map(String).sort()).toEqual([
    'bridged_clash{},3',
    'bridged_size_bucket{le=+Inf},1',
    'bridged_size_count{},1',
    'bridged_size_sum{},5',
  ])
  const leftOut = ['bridged_clash', 'bridged_size_count'].map((name) =>
    selfValue('tallyscope_prometheus_left_out_families_total', name, 'name_clash'),
  )
  expect(leftOut.map((times) => times > 0)).toEqual([true, true])
})
