// What somebody who uses the library for the first time sees after a mistake. Mistakes that the compiler reports are in test/consumer.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  AlwaysOnSampler,
  count,
  createTallyscope,
  distribution,
  exportPeriodically,
  gather,
  lastValue,
  type Measure,
  MemoryExporter,
  MetricRegistry,
  ProbabilitySampler,
  runtimeMetrics,
  Stats,
  sum,
  Tracer,
  type ViewOptions,
} from 'tallyscope'
import { formatOpenMetrics, nodeHandler, serveMetrics, streamText } from 'tallyscope/prometheus'
import { exporterContract } from 'tallyscope/testing'
import { internalMetrics } from '../../src/base/internal-metrics.js'
import { selfValue } from '../exporters/self-value.js'

let stats: Stats
let warnings: string[]

beforeEach(() => {
  stats = new Stats()
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
    warnings.push(`${(options as { code: string }).code}: ${String(message)}`)
  })
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** How much a counter of the library itself rises. */
function rise(family: string, labels: readonly string[], act: () => void): number {
  const before = selfValue(family, ...labels)
  act()
  return selfValue(family, ...labels) - before
}

const javascript = <T>(value: unknown): T => value as T

describe('the ten usual mistakes', () => {
  test('1: a misspelt tag, in JavaScript, is counted and logged once', () => {
    const latency = stats.measure('one/latency', { unit: 's', tagKeys: ['method'], view: distribution() })
    const record = () => {
      for (let n = 0; n < 3; n++) stats.record(latency, 1, javascript({ method: 'GET', mehtod: `M${n}` }))
    }
    expect(rise('tallyscope_unknown_tags_total', ['one/latency', 'mehtod'], record)).toBeGreaterThan(0)
    expect(warnings.filter((text) => text.startsWith('TALLYSCOPE_UNKNOWN_TAG'))).toHaveLength(1)
    expect(warnings.join()).toContain('"mehtod"')
  })

  test('2: a missing tag, in JavaScript, is counted and logged once', () => {
    const latency = stats.measure('two/latency', { unit: 's', tagKeys: ['method', 'route'], view: distribution() })
    const record = () => {
      for (const method of ['GET', 'PUT']) stats.record(latency, 1, javascript({ method }))
    }
    expect(rise('tallyscope_missing_tags_total', ['two/latency', 'route'], record)).toBe(2)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('"route"')
  })

  test('3: a name that is defined twice is the same measure, and another one under it is refused with both', () => {
    const first = stats.measure('three', { unit: 's' })
    expect(stats.measure('three', { unit: 's' })).toBe(first)
    expect(() => stats.measure('three', { unit: 'ms' })).toThrow(/^measure "three" exists as .*"s".*; this one is .*"ms"/)
    expect(stats.getMeasure('three')).toBe(first)
  })

  test('4: a negative value for a sum is dropped and counted', () => {
    const sold = stats.measure('four', { view: sum() })
    expect(rise('tallyscope_dropped_measurements_total', ['four', 'negative'], () => stats.record(sold, -1))).toBe(1)
  })

  test('5: NaN is dropped and counted', () => {
    const sold = stats.measure('five', { view: sum() })
    expect(rise('tallyscope_dropped_measurements_total', ['five', 'nan'], () => stats.record(sold, Number.NaN))).toBe(1)
  })

  test('6: a user id as a tag fills the view, which is logged once with the tag', () => {
    const calls = stats.measure('six', { tagKeys: ['user'], view: count() })
    for (let user = 0; user < 10_000; user++) stats.record(calls, 1, { user: `u${user}` })
    expect(stats.viewManager.getView('six')!.rows).toHaveLength(2_001) // one holds the rest
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^TALLYSCOPE_OVERFLOW: six .*2000 rows.*tag "user" has 2000 values$/)
  })

  test('7: a unit in words is logged once with its code', () => {
    for (let n = 0; n < 2; n++) stats.measure('seven', { unit: 'seconds' })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^TALLYSCOPE_UNIT: .*"seconds".*\bs\b/)
  })

  test('8: spans that are never ended can be seen in a gauge', () => {
    const open = () => internalMetrics.get('tallyscope_spans_open')?.series.get('[]')?.count.value ?? 0
    const before = open()
    const tracer = new Tracer({ stats, exporter: 'none', sampler: new AlwaysOnSampler() })
    const spans = Array.from({ length: 5 }, () => tracer.startDetachedSpan('forgotten'))
    expect(open() - before).toBe(5)
    for (const span of spans) span.end()
    expect(open()).toBe(before)
  })

  test('9: a port in use is an error with address and port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    await expect(serveMetrics({ port, producers: [stats] })).rejects.toThrow(`cannot listen on 127.0.0.1 port ${port}: listen EADDRINUSE`)
  })

  test('10: a labelled instrument without labels drops the value, counts it and warns once', () => {
    const gauge = new MetricRegistry().gauge('ten', { labelKeys: ['queue'] })
    const set = () => {
      for (let n = 0; n < 2; n++) javascript<{ set(value: number): void }>(gauge).set(3)
    }
    const families = () => [...(internalMetrics.get('tallyscope_dropped_instrument_values_total')?.series.values() ?? [])]
    const total = () => families().reduce((all, { count: each }) => all + each.value, 0)
    const before = total()
    set()
    expect(total() - before).toBe(2)
    expect(warnings).toHaveLength(1)
  })
})

describe('an error says what to do:', () => {
  const m = () => stats.measure('orders', { unit: 's' })
  test.each<[string, () => unknown, string]>([
    [
      'a configuration with a problem',
      () => createTallyscope(javascript({ prometheuss: true })),
      'the configuration has one problem:\n  prometheuss: there is no such setting (perhaps prometheus)',
    ],
    [
      'a view that has other bounds',
      () => {
        const measure = m()
        stats.registerView({ name: 'orders/latency', measure, aggregation: distribution([0.1, 1]) })
        stats.registerView({ name: 'orders/latency', measure, aggregation: distribution([0.1, 0.5, 1]) })
      },
      'view "orders/latency" exists with bounds [0.1,1]; this one has bounds [0.1,0.5,1]. Unregister it first.',
    ],
    [
      'a view that has another aggregation',
      () => {
        const measure = m()
        stats.registerView({ name: 'orders/latency', measure, aggregation: distribution([0.1, 1]) })
        stats.registerView({ name: 'orders/latency', measure, aggregation: count(), tagValues: {} })
      },
      'view "orders/latency" exists with aggregation "distribution", bounds [0.1,1], no tagValues; this one has aggregation "count", tagValues {}. Unregister it first.',
    ],
    [
      'two views of one exposed name',
      () => {
        const measure = m()
        stats.registerView({ name: 'ok', measure, aggregation: count() })
        stats.registerView({ name: 'ok/total', measure, aggregation: count() })
      },
      '"ok/total" (CUMULATIVE_INT64) and "ok" (CUMULATIVE_INT64) would both be exposed as ok_total',
    ],
    [
      'a producer that is no list',
      () => nodeHandler({ producers: javascript(stats) }),
      'producers must be an array, such as [stats]: it is an object',
    ],
    ['no producers', () => nodeHandler(javascript({})), 'producers must be an array, such as [stats]: it is undefined'],
    [
      'no producers of a task',
      () => exportPeriodically(javascript({ exporter: new MemoryExporter() })),
      'producers must be an array, such as [stats]: it is undefined',
    ],
    [
      'a measure that was only to be looked up',
      () => [m(), stats.measure('orders')],
      'measure "orders" exists as {"unit":"s","type":"double","signed":false}; this one is {"unit":"1","type":"double","signed":false}. To look up a measure, use getMeasure().',
    ],
    [
      'bind without a measure',
      () => stats.bind(javascript<Measure>(undefined), {}),
      'bind needs a measure, made by stats.measure(): the argument is undefined',
    ],
    [
      'a timer of a name',
      () => stats.startTimer(javascript<Measure>('orders')),
      'startTimer needs a measure, made by stats.measure(): the argument is "orders"',
    ],
    [
      'a runtime metric with a letter missing',
      () => runtimeMetrics({ only: ['nodejs_heap_size_usd_bytes'] }),
      'there is no runtime metric "nodejs_heap_size_usd_bytes" (perhaps nodejs_heap_size_used_bytes)',
    ],
    [
      'a runtime metric that is like no other',
      () => runtimeMetrics({ except: ['zzz'] }),
      expect.stringContaining('there is no runtime metric "zzz" (the names are process_') as unknown as string,
    ],
    [
      'an unknown option of an endpoint',
      () => nodeHandler(javascript({ producers: [stats], bearertoken: 'x' })),
      expect.stringContaining('has no option "bearertoken" (perhaps bearerToken)') as unknown as string,
    ],
    [
      'an unknown option of a view',
      () => stats.registerView(javascript<ViewOptions>({ name: 'v', measure: m(), aggregation: count(), tagkeys: ['a'] })),
      expect.stringContaining('has no option "tagkeys" (perhaps tagKeys)') as unknown as string,
    ],
    ...Object.entries<() => unknown>({
      'ProbabilitySampler has no option "rat" (perhaps rate)': () => new ProbabilitySampler(javascript({ rat: 1 })),
      'lastValue has no option "mrege" (perhaps merge)': () => lastValue(javascript({ mrege: 'max' })),
      'formatOpenMetrics has no option "craeted" (perhaps created)': () => formatOpenMetrics([], javascript({ craeted: true })),
      'trace has no option "knid" (perhaps kind)': () =>
        new Tracer({ stats, exporter: 'none' }).trace(() => {}, javascript({ name: 'load', knid: 1 })),
      'exporterContract has no option "recieved" (perhaps received)': () =>
        exporterContract(
          javascript<{ create: () => MemoryExporter; items: number[] }>({
            create: () => new MemoryExporter(),
            items: [1, 2],
            recieved: () => 0,
          }),
        ),
      'close has no option "strcit" (perhaps strict)': () =>
        exportPeriodically({ producers: [stats], exporter: new MemoryExporter() }).close(javascript({ strcit: true })),
    }).map(([message, act]): [string, () => unknown, string] => ['an unknown option: ' + message, act, message]),
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(expect.objectContaining({ message }))
  })

  test.each<[string, () => Promise<unknown>]>([
    ['gather has no option "timeout" (perhaps timeoutMs)', () => gather([stats], javascript({ timeout: 1 }))],
    ['streamText has no option "producer" (perhaps producers)', () => streamText(javascript({ producer: [stats] })).next()],
  ])('an unknown option rejects: %s', async (message, act) => {
    await expect(act()).rejects.toThrow(message)
  })

  test('a value that is recorded for a name instead of a measure is counted and logged', () => {
    const record = () => stats.record(javascript<Measure>('a/latency'), 1)
    expect(rise('tallyscope_dropped_measurements_total', ['', 'not a measure'], record)).toBe(1)
    expect(warnings.join()).toContain('TALLYSCOPE_NOT_A_MEASURE: record needs a measure')
  })
})
