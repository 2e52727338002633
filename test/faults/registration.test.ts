import { afterEach, expect, test, vi } from 'vitest'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { count, distribution, lastValue, percentiles, sum } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { bytesOf } from '../exporters/prometheus/format/metric-samples.js'
import { readText } from '../exporters/prometheus/format/text-reader.js'
import { selfValue } from '../exporters/self-value.js'
import { engine, rowsOf } from '../stats/engine.js'

afterEach(() => void vi.restoreAllMocks())

const refused = (code: string): unknown => expect.objectContaining({ name: 'DefinitionError', code })
let names = 0
const fresh = (): string => `registration${names++}`

function setUp() {
  const { stats } = engine()
  const measure = stats.measure(fresh(), { unit: 's' }) as Measure
  const registry = new MetricRegistry()
  return { stats, measure, registry, views: stats.viewManager }
}

test('an equal definition returns the existing one with its data', () => {
  const { stats, measure, registry, views } = setUp()
  const define = () => [
    stats.measure(measure.name, { unit: 's' }),
    views.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: distribution([1, 2]) }),
    registry.gauge('g', { labelKeys: ['a'], description: 'x' }),
    registry.cumulative('c', { unit: 'By' }),
    registry.derivedGauge('d'),
    registry.info('i', { labelKeys: ['version'] }),
    registry.stateSet('s', { states: ['on', 'off'] }),
  ]
  const first = define()
  stats.record(measure, 1, { a: 'x' })
  registry.cumulative('c', { unit: 'By' }).add(3)
  for (const [at, one] of define().entries()) expect(one).toBe(first[at])
  stats.record(measure, 1, { a: 'x' })
  expect([rowsOf(stats, 'v'), registry.cumulative('c', { unit: 'By' }).defaultTimeSeries().value]).toEqual([['a=x: 2/2'], 3])
})

test('another definition under a name in use is refused with both in the message, and the first is kept', () => {
  const { stats, measure, registry, views } = setUp()
  views.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: distribution([1, 2]) })
  registry.cumulative('c', { unit: 'By', labelKeys: ['a'] }).add(1, { a: 'x' })
  const others = {
    ERR_MEASURE_CONFLICT: [
      () => stats.measure(measure.name, { unit: 'ms' }),
      () => stats.measure(measure.name, { unit: 's', type: 'int64' }),
    ],
    ERR_VIEW_CONFLICT: [
      () => views.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: distribution([1, 3]) }),
      () => views.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: percentiles() }),
      () => views.registerView({ name: 'v', measure, tagKeys: ['b'], aggregation: distribution([1, 2]) }),
      () => views.registerView({ name: 'v', measure: stats.measure('other'), tagKeys: ['a'], aggregation: distribution([1, 2]) }),
      () => views.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: distribution([1, 2]), rowLimit: 5 }),
    ],
    ERR_METRIC_CONFLICT: [
      () => registry.gauge('c', { unit: 'By', labelKeys: ['a'] }),
      () => registry.cumulative('c', { unit: 's', labelKeys: ['a'] }),
      () => registry.cumulative('c', { unit: 'By', labelKeys: ['b'] }),
      () => registry.cumulative('c', { unit: 'By', labelKeys: ['a'], type: 'int64' }),
      () => registry.info('c', { labelKeys: ['a'] }),
    ],
  }
  for (const [code, defines] of Object.entries(others)) for (const define of defines) expect(define).toThrow(refused(code))
  expect(others.ERR_VIEW_CONFLICT[0]).toThrow(/exists with bounds \[1,2\]; this one has bounds \[1,3\]/)
  stats.record(measure, 1, { a: 'x' })
  expect([rowsOf(stats, 'v'), views.views.length]).toEqual([['a=x: 1/1'], 1])
})

test('another description is logged once, and the first is kept', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { stats, measure, registry, views } = setUp()
  const view = fresh()
  const gauge = fresh()
  const define = (description: string) => {
    stats.measure(measure.name, { unit: 's', description })
    views.registerView({ name: view, measure, aggregation: count(), description })
    registry.gauge(gauge, { description }).set(1)
  }
  for (const description of ['first', 'second', 'third', 'second']) define(description)
  const messages = warned.mock.calls.map(([message]) => String(message))
  expect(messages.map((message) => [view, gauge, measure.name].filter((name) => message.includes(` ${name} `))).flat()).toEqual([
    measure.name,
    view,
    gauge,
  ])
  stats.record(measure, 1)
  const metrics = [...stats.getMetrics(), ...(registry.getMetrics() as typeof stats.getMetrics extends () => infer M ? M : never)]
  expect(metrics.map(({ descriptor }) => descriptor.description)).toEqual(['first', 'first'])
})

test('names that share one exposed name are refused, in either order: _total, _count, _created, _info and others', () => {
  const definitions: Record<string, (registry: MetricRegistry) => unknown> = {
    a_total: (registry) => registry.cumulative('a_total'),
    a: (registry) => registry.gauge('a'),
    a_created: (registry) => registry.gauge('a_created'),
    build: (registry) => registry.info('build', { labelKeys: ['version'] }),
    build_info: (registry) => registry.gauge('build_info'),
  }
  for (const pair of ['a_total a', 'a_total a_created', 'build build_info']) {
    const [one, other] = pair.split(' ').map((name) => definitions[name]!) as [typeof definitions.a, typeof definitions.a]
    for (const [first, second] of [
      [one, other],
      [other, one],
    ]) {
      const registry = new MetricRegistry()
      first!(registry)
      expect(() => second!(registry), pair).toThrow(refused('ERR_NAME_CLASH'))
    }
  }
  for (const suffix of ['/count', '/sum', '/bucket', '/created']) {
    const { stats, views } = setUp()
    const measure = stats.measure('plain') as Measure
    const histogram = () => views.registerView({ name: 'h', measure, aggregation: distribution([1]) })
    const gauge = () => views.registerView({ name: `h${suffix}`, measure, aggregation: lastValue() })
    for (const [first, second] of [[histogram, gauge] as const, [gauge, histogram] as const]) {
      const { name } = first()
      expect(second, suffix).toThrow(refused('ERR_NAME_CLASH'))
      views.unregisterView(name)
    }
  }
})

test('names that are equal after sanitising are refused', () => {
  for (const [one, other] of [
    ['a.b', 'a_b'],
    ['a/b', 'a b'],
    ['0a', '_0a'],
    ['a-b', 'a.b'],
  ] as const) {
    const { registry, views, measure } = setUp()
    registry.gauge(one)
    expect(() => registry.gauge(other)).toThrow(refused('ERR_NAME_CLASH'))
    views.registerView({ name: one, measure, aggregation: count() })
    expect(() => views.registerView({ name: other, measure, aggregation: sum() })).not.toThrow() // its unit is part of its exposed name
    expect(() => views.registerView({ name: `${other}/`, measure, aggregation: count() })).not.toThrow()
  }
})

test('names that clash between two producers drop the later family, counted and logged, and documents stay valid', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const name = fresh()
  const { stats, measure, registry, views } = setUp()
  views.registerView({ name, measure, aggregation: count() })
  stats.record(measure, 1)
  registry.gauge(`${name}_total`, { exactName: true }).set(7)
  registry.gauge(`${name}/other`).set(8)
  const handler = metricsHandler({ producers: [stats, registry], selfMetrics: false })
  const before = selfValue('tallyscope_prometheus_left_out_families_total', `${name}_total`, 'name_clash')
  for (let n = 0; n < 2; n++) {
    const { status, body } = await handler({ accept: 'text/plain' }, undefined)
    expect([status, [...readText(String(await bytesOf(body))).keys()]]).toEqual([200, [`${name}_other`, `${name}_total`]])
  }
  expect(selfValue('tallyscope_prometheus_left_out_families_total', `${name}_total`, 'name_clash') - before).toBe(2)
  expect(warned.mock.calls.filter(([message]) => String(message).includes(`${name}_total is left out`))).toHaveLength(1)
})

test('a name of series that Prometheus generates is logged once, and used', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { registry } = setUp()
  for (const name of ['up', 'target_info', 'scrape_duration_seconds', 'scrape/samples.scraped', 'upper', 'scraped'])
    registry.gauge(name).set(1)
  new MetricRegistry().gauge('up').set(1)
  const messages = warned.mock.calls.map(([message, options]) => [
    String(message).split(' ')[0],
    (options as unknown as { code: string }).code,
  ])
  expect(messages).toEqual(
    ['up', 'target_info', 'scrape_duration_seconds', 'scrape_samples_scraped'].map((name) => [name, 'TALLYSCOPE_RESERVED_NAME']),
  )
  expect(registry.getMetrics()).toHaveLength(6)
})

test('an empty name, one of 10 kB, or one that is not printable ASCII is refused; a leading digit gets an underscore', async () => {
  const { stats, measure, registry, views } = setUp()
  const wrong = [
    '',
    'n'.repeat(256),
    'n'.repeat(10_240),
    '📈',
    'naïve',
    'a\n',
    'a\0b',
    '\u2028',
    5,
    null,
    undefined,
    {},
    ['a'],
    Symbol('a'),
  ]
  for (const name of wrong as string[]) {
    expect(() => stats.measure(name)).toThrow(refused('ERR_NAME'))
    expect(() => views.registerView({ name, measure, aggregation: count() })).toThrow(refused('ERR_NAME'))
    for (const kind of ['gauge', 'cumulative', 'derivedGauge', 'derivedCumulative'] as const) {
      expect(() => registry[kind](name)).toThrow(refused('ERR_NAME'))
    }
    expect(() => registry.info(name, { labelKeys: ['a'] })).toThrow(refused('ERR_NAME'))
  }
  expect([views.views, registry.getMetrics()]).toEqual([[], []])
  registry.gauge('9lives').set(9)
  registry.gauge('n'.repeat(255)).set(1)
  const text = String(await bytesOf(textEncoder.encode((await registry.getFamilies()) as never)))
  expect([...readText(text).keys()]).toEqual(['_9lives', 'n'.repeat(255)])
})
