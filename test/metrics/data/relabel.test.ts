import { expect, test } from 'vitest'
import { count, distribution, MetricRegistry, percentiles, relabel, Stats } from '../../../src/index.js'
import { metricsHandler } from '../../../src/exporters/prometheus/index.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import type { RowChunk, RowSource } from '../../../src/metrics/data/row-source.js'
import type { Metric } from '../../../src/metrics/data/metric.js'

function setUp() {
  const stats = new Stats()
  const calls = stats.measure('calls', { tagKeys: ['http.route'], view: count() })
  stats.record(calls, 1, { 'http.route': '/' })
  return { stats, calls }
}

const bodyOf = async (handle: ReturnType<typeof metricsHandler>) => Buffer.from((await handle({})).body as Uint8Array).toString()

test('constant labels are on every series of a handler, and labels have new keys', async () => {
  const { stats } = setUp()
  const registry = new MetricRegistry()
  registry.gauge('depth', { labelKeys: ['app'] }).set(1, { app: 'own' })
  registry.stateSet('state', { states: ['on', 'off'] }).set('on')
  const options = {
    producers: [stats, registry],
    selfMetrics: false,
    constantLabels: { app: 'shop' },
    renameLabels: { 'http.route': 'route' },
  }
  const handle = metricsHandler(options)
  const expected = [
    '# TYPE calls_total counter',
    'calls_total{route="/",app="shop"} 1',
    '# TYPE depth gauge',
    'depth{app="own"} 1',
    '# TYPE state gauge',
    'state{app="shop",state="on"} 1',
    'state{app="shop",state="off"} 0',
    '',
  ].join('\n')
  expect(await bodyOf(handle)).toBe(expected)
  expect(await bodyOf(handle)).toBe(expected)
})

test('constant labels of an engine are exposed, and its rows in the process do not have them', () => {
  const stats = new Stats({ constantLabels: { app: 'shop' } })
  const size = stats.measure('size', { unit: 'By', view: distribution([1]) })
  stats.registerView({ name: 'size/recent', measure: size, aggregation: percentiles({ quantiles: [1] }) })
  stats.record(size, 1)
  expect(formatText(stats.getMetrics())).toBe(
    [
      '# TYPE size_bytes histogram',
      'size_bytes_bucket{app="shop",le="1"} 1',
      'size_bytes_bucket{app="shop",le="+Inf"} 1',
      'size_bytes_sum{app="shop"} 1',
      'size_bytes_count{app="shop"} 1',
      '# TYPE size_recent_bytes summary',
      'size_recent_bytes{app="shop",quantile="1"} 1',
      'size_recent_bytes_sum{app="shop"} 1',
      'size_recent_bytes_count{app="shop"} 1',
      '',
    ].join('\n'),
  )
  expect(Object.keys(stats.viewManager.getView('size')!.rows[0]!.tagValues)).toEqual([])
})

test('snapshots are relabelled like rows, also those of asynchronous producers', async () => {
  const { stats } = setUp()
  const relabelled = relabel({ getMetrics: async () => stats.getMetrics() }, { constantLabels: { app: 'shop' } })
  expect(formatText((await relabelled.getMetrics()) as readonly Metric[])).toBe(
    '# TYPE calls_total counter\ncalls_total{http_route="/",app="shop"} 1\n',
  )
})

test('a label does not replace the key of another', () => {
  const stats = new Stats()
  const measure = stats.measure('m', { tagKeys: ['a', 'b'], view: count() })
  stats.record(measure, 1, { a: 'x', b: 'y' })
  const { getMetrics } = relabel(stats, { renameLabels: { a: 'b' } })
  expect(formatText(getMetrics() as readonly Metric[])).toBe('# TYPE m_total counter\nm_total{a="x",b="y"} 1\n')
})

test('a label does not replace one that is exposed under the same name', () => {
  const stats = new Stats({ constantLabels: { http_route: 'all', app: 'shop' } })
  const calls = stats.measure('calls', { tagKeys: ['http.route', 'path'], view: count() })
  stats.record(calls, 1, { 'http.route': '/', path: '/p' })
  const { getMetrics } = relabel(stats, { renameLabels: { path: 'http_route' } })
  expect(formatText(getMetrics() as readonly Metric[])).toBe(
    '# TYPE calls_total counter\ncalls_total{http_route="/",path="/p",app="shop"} 1\n',
  )
})

test('a label can have a new key that is exposed under the same name', () => {
  const { stats } = setUp()
  const [metric] = relabel(stats, { renameLabels: { 'http.route': 'http_route' } }).getMetrics() as readonly Metric[]
  expect(metric!.descriptor.labelKeys).toEqual(['http_route'])
})

test('an unchanged source has the same relabelled source, so that encoders reuse rendered rows', () => {
  const { stats } = setUp()
  const producer = relabel(stats, { constantLabels: { app: 'shop' } })
  const [one] = producer.getFamilies!() as readonly RowSource[]
  const [other] = producer.getFamilies!() as readonly RowSource[]
  expect(one).toBe(other)
  expect(one!.chunks[0]).toBe(other!.chunks[0])
})

test('relabelled rows report that their start time was set to an earlier one, if the rows do', () => {
  const { stats } = setUp()
  const [source] = stats.getFamilies() as readonly RowSource[]
  const [chunk] = source!.chunks
  expect(relabelledChunk(stats).restartedIn).toBeUndefined()
  Object.assign(chunk!, { restartedIn: () => 7 })
  expect(relabelledChunk(stats).restartedIn?.(0)).toBe(7)
})

function relabelledChunk(stats: Stats): RowChunk {
  const [source] = relabel(stats, { constantLabels: { app: 'shop' } }).getFamilies!() as readonly RowSource[]
  return source!.chunks[0]!
}

test('numbers and booleans become strings, as in tags', async () => {
  const { stats } = setUp()
  const labels = { shard: 3, canary: true }
  const registry = new MetricRegistry({ constantLabels: labels })
  registry.gauge('g').set(1)
  for (const producer of [relabel(stats, { constantLabels: labels }), registry]) {
    expect(formatText([...(await producer.getMetrics())])).toMatch(/shard="3",canary="true"/)
  }
})

test('without labels a producer is returned as is, and invalid labels are refused', () => {
  const { stats } = setUp()
  expect(relabel(stats, {})).toBe(stats)
  for (const constantLabels of [{ app: undefined }, { app: null }, { app: {} }, null, 'app'] as never[]) {
    for (const make of [() => relabel(stats, { constantLabels }), () => new Stats({ constantLabels })]) {
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
  }
  expect(() => relabel(stats, { renameLabels: { a: 'ä' } })).toThrow(expect.objectContaining({ code: 'ERR_KEYS' }))
  for (const key of ['le', 'quantile', 'tallyscope_overflow', '__name__']) {
    const reserved = expect.objectContaining({ code: 'ERR_LABEL_RESERVED' })
    expect(() => relabel(stats, { constantLabels: { [key]: 'x' } })).toThrow(reserved)
    expect(() => relabel(stats, { renameLabels: { route: key } })).toThrow(reserved)
    expect(() => new Stats({ constantLabels: { [key]: 'x' } })).toThrow(reserved)
  }
  const clashing = { constantLabels: { 'a-b': '1', a_b: '2' } }
  expect(() => relabel(stats, clashing)).toThrow(expect.objectContaining({ code: 'ERR_LABEL_CLASH' }))
  expect(relabel(stats, { renameLabels: { 'http.route': 'path', route: 'path' } })).toBeDefined()
  expect(() => relabel(stats, { constantLabel: {} } as object)).toThrow('relabel has no option "constantLabel" (perhaps constantLabels)')
})
