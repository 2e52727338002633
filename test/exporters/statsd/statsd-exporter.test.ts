import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StatsdExporter, type StatsdExporterOptions } from '../../../src/exporters/statsd/index.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import { distribution, type Series } from '../prometheus/format/metric-samples.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { distribution as inBuckets, sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { exporterContract } from '../../../src/testing/exporter-contract.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { growingGroup } from '../growing-group.js'
import { selfValue } from '../self-value.js'
import { parseLine } from './statsd-grammar.js'
import { UdpReceiver } from './udp-receiver.js'

let receiver: UdpReceiver
const exporters: StatsdExporter[] = []
beforeEach(async () => {
  receiver = await UdpReceiver.open()
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.shutdown()))
  await receiver.close()
  vi.restoreAllMocks()
})

function exporterWith(options: StatsdExporterOptions = {}): StatsdExporter {
  const exporter = new StatsdExporter({ port: receiver.port, ...options })
  exporters.push(exporter)
  return exporter
}

/** Exports the metrics and returns the lines that arrive. */
async function linesOf(metrics: Metric[], options: StatsdExporterOptions = {}): Promise<string[]> {
  await exporterWith(options).export(metrics)
  return receiver.takeLines()
}

const counter = (...series: Series[]): Metric =>
  metric({ name: 'shop/requests', type: 'CUMULATIVE_INT64', labelKeys: ['method'] }, ...series)
const gauge = (value: number): Metric => metric({ name: 'pool/size', type: 'GAUGE_DOUBLE' }, [[], value])
const latency = (counts: number[], total: number): Metric =>
  metric({ name: 'latency', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([10, 20], counts, total)])

describe('names and tags', () => {
  const requests = counter([['GET'], 3], [[undefined], 4])

  test('labels are written as DogStatsD tags by default', async () => {
    expect(await linesOf([requests])).toEqual(['shop.requests:3|c|#method:GET', 'shop.requests:4|c'])
  })

  test.each([
    ['graphite', ['shop.requests;method=GET:3|c', 'shop.requests:4|c']],
    ['influx', ['shop.requests,method=GET:3|c', 'shop.requests:4|c']],
    ['none', ['shop.requests.GET:3|c', 'shop.requests._:4|c']],
  ] as const)('labels in the style %s', async (tagStyle, lines) => {
    expect(await linesOf([requests], { tagStyle })).toEqual(lines)
  })

  test('a prefix precedes every name, separated by one dot', async () => {
    expect(await linesOf([gauge(1)], { prefix: 'app' })).toEqual(['app.pool.size:1|g'])
    expect(await linesOf([gauge(1)], { prefix: 'app.' })).toEqual(['app.pool.size:1|g'])
  })

  test('a label takes precedence over the constant tag of its key', async () => {
    expect(await linesOf([requests], { tags: { method: 'any', team: 'a' } })).toEqual([
      'shop.requests:3|c|#method:GET,team:a',
      'shop.requests:4|c|#method:any,team:a',
    ])
  })

  test('every DogStatsD line ends with the origin fields', async () => {
    expect(await linesOf([gauge(1)], { externalEnv: 'it-false,cn-app', cardinality: 'low' })).toEqual([
      'pool.size:1|g|e:it-false,cn-app|card:low',
    ])
  })

  test('the overflow row has its own tag', async () => {
    const overflow = counter([[undefined], 9, { overflow: true }])
    expect(await linesOf([overflow])).toEqual(['shop.requests:9|c|#tallyscope_overflow:true'])
    expect(await linesOf([overflow], { tagStyle: 'none' })).toEqual(['shop.requests._.tallyscope_overflow:9|c'])
  })
})

describe('values', () => {
  test('a counter sends its increment, and nothing if it is unchanged', async () => {
    const exporter = exporterWith()
    for (const value of [5, 5, 12]) await exporter.export([counter([['GET'], value])])
    expect(await receiver.lines()).toEqual(['shop.requests:5|c|#method:GET', 'shop.requests:7|c|#method:GET'])
  })

  test('a counter that was reset sends its whole value', async () => {
    const exporter = exporterWith()
    for (const [value, startTimeUnixMs] of [
      [5, 1],
      [8, 2],
      [3, 2],
    ] as const) {
      await exporter.export([counter([['GET'], value, { startTimeUnixMs }])])
    }
    expect((await receiver.lines()).map((line) => parseLine(line, 'dogstatsd').value)).toEqual([5, 8, 3])
  })

  test('the rounding error of the sum of all increments is neither a reset nor an increment', async () => {
    const exporter = exporterWith()
    const ulp = Number.EPSILON
    const bytes = (total: number): Metric => metric({ name: 'bytes', type: 'CUMULATIVE_DOUBLE' }, [[], total])
    // The two increments add up to more than the total.
    for (const total of [0.5 + 1.5 * ulp, 1.5 + 3 * ulp, 1.5 + 3 * ulp, 2]) await exporter.export([bytes(total)])
    const increments = (await receiver.lines()).map((line) => parseLine(line, 'dogstatsd').value)
    expect(increments[0]! + increments[1]!).toBeGreaterThan(1.5 + 3 * ulp)
    expect(increments).toEqual([0.5 + 1.5 * ulp, 1 + 2 * ulp, 0.5 - 4 * ulp])
  })

  test('no increment is lost or sent twice if a producer fails for some exports', async () => {
    const exporter = exporterWith()
    await exporter.export([counter([['GET'], 5])])
    for (let i = 0; i < 50; i++) await exporter.export([])
    await exporter.export([counter([['GET'], 6])])
    expect(await receiver.lines()).toEqual(['shop.requests:5|c|#method:GET', 'shop.requests:1|c|#method:GET'])
  })

  test('a long outage neither loses nor repeats an increment of the rows that no export has reached', async () => {
    const exporter = exporterWith({ maxPacketBytes: 64 })
    const all = (value: number): Metric => counter(...Array.from({ length: 200 }, (_, i): Series => [[`method-${i}`], value]))
    await exporter.export([all(1_000)])
    await receiver.takeLines()
    const { port } = receiver
    await receiver.close()
    for (let i = 1; i <= 105; i++) await expect(exporter.export([all(1_000 + i)])).rejects.toThrow('ECONNREFUSED')
    receiver = await UdpReceiver.open(port)
    await exporter.export([all(2_000)])
    const increments = (await receiver.lines()).map((line) => parseLine(line, 'dogstatsd').value)
    expect(increments).toHaveLength(200)
    expect(new Set(increments)).toEqual(new Set([1_000]))
  })

  test('a process that joins a group with rows that began earlier adds only its own values', async () => {
    const exporter = exporterWith()
    const { group, join } = growingGroup()
    join(5, 2_000)
    await exporter.exportFamilies(group.getFamilies())
    join(3, 1_000)
    await exporter.exportFamilies(group.getFamilies())
    expect(await receiver.lines()).toEqual(['jobs:5|c', 'time.count:1|c', 'time.sum:5|c', 'jobs:3|c', 'time.count:1|c', 'time.sum:3|c'])
  })

  test('an export that has no time left sends nothing, and the next one sends its increments', async () => {
    const exporter = exporterWith({ clock: new ManualClock() })
    await expect(exporter.exportFamilies([counter([['GET'], 5])], { timeoutMs: 0 })).rejects.toThrow('there was no time left')
    expect(await receiver.lines()).toEqual([])
    await exporter.export([counter([['GET'], 6])])
    expect(await receiver.lines()).toEqual(['shop.requests:6|c|#method:GET'])
  })

  test('series of two producers with the same name add up', async () => {
    const exporter = exporterWith()
    for (const [one, other] of [
      [5, 100],
      [6, 101],
    ]) {
      await exporter.export([counter([['GET'], one!]), counter([['GET'], other!])])
    }
    expect((await receiver.lines()).map((line) => parseLine(line, 'dogstatsd').value)).toEqual([5, 100, 1, 1])
  })

  test.each([
    ['dogstatsd', ['pool.size:-5|g']],
    ['graphite', ['pool.size:0|g', 'pool.size:-5|g']],
    ['none', ['pool.size:0|g', 'pool.size:-5|g']],
  ] as const)('a negative gauge is set from 0 if the style needs it: %s', async (tagStyle, lines) => {
    expect(await linesOf([gauge(-5)], { tagStyle })).toEqual(lines)
  })

  test('both lines of a negative gauge are in one packet', async () => {
    const gauges = Array.from({ length: 40 }, (_, i) => metric({ name: `g${i}`, type: 'GAUGE_INT64' }, [[], -1 - i]))
    await exporterWith({ tagStyle: 'none', maxPacketBytes: 64 }).export(gauges)
    await receiver.lines()
    for (const packet of receiver.packets) {
      const values = packet
        .toString()
        .split('\n')
        .map((line) => line.split(':'))
      for (const [at, [name, value]] of values.entries()) if (value!.startsWith('-')) expect(values[at - 1]).toEqual([name, '0|g'])
    }
    expect(receiver.packets.length).toBeGreaterThan(5)
  })

  test.each([
    [1e-7, '0.0000001'],
    [-2.5e-9, '-0.0000000025'],
    [1.5e300, `15${'0'.repeat(299)}`],
    [2 ** 53, '9007199254740992'],
    [0.1, '0.1'],
    [-0, '0'],
  ])('%d is written without an exponent', async (value, text) => {
    expect(await linesOf([gauge(value)])).toEqual([`pool.size:${text}|g`])
  })

  test('non-finite values are dropped and counted', async () => {
    const before = selfValue('tallyscope_exporter_dropped_items_total', 'StatsdExporter', 'not_finite')
    expect(await linesOf([gauge(Number.NaN), gauge(Number.POSITIVE_INFINITY), gauge(1)])).toEqual(['pool.size:1|g'])
    expect(selfValue('tallyscope_exporter_dropped_items_total', 'StatsdExporter', 'not_finite')).toBe(before + 2)
  })

  test('deltas of fractions add up to the counter', async () => {
    const exporter = exporterWith()
    let total = 0
    for (let i = 0; i < 200; i++) {
      total += 0.1 + i / 7
      await exporter.export([metric({ name: 'a', type: 'CUMULATIVE_DOUBLE' }, [[], total])])
    }
    const lines = await receiver.lines()
    expect(lines.reduce((at, line) => at + parseLine(line, 'dogstatsd').value, 0)).toBe(total)
  })

  test('a distribution sends its count and sum', async () => {
    expect(await linesOf([latency([1, 2, 3], 123.5)])).toEqual(['latency.count:6|c', 'latency.sum:123.5|c'])
  })

  test('a distribution sends its buckets with the option buckets', async () => {
    const exporter = exporterWith({ buckets: true })
    await exporter.export([latency([1, 2, 0], 40)])
    await exporter.export([latency([1, 3, 1], 80)])
    expect(await receiver.lines()).toEqual([
      'latency.bucket:1|c|#le:10',
      'latency.bucket:2|c|#le:20',
      'latency.count:3|c',
      'latency.sum:40|c',
      'latency.bucket:1|c|#le:20',
      'latency.bucket:1|c|#le:+Inf',
      'latency.count:2|c',
      'latency.sum:40|c',
    ])
  })

  test('a distribution sends the middle of each bucket per added value with the option midpoints', async () => {
    const exporter = exporterWith({ distributions: 'midpoints' })
    await exporter.export([latency([1, 0, 0], 4)])
    await exporter.export([latency([1, 4, 2], 100)])
    expect(await receiver.lines()).toEqual([
      'latency:5|d',
      'latency.count:1|c',
      'latency.sum:4|c',
      'latency:15|d|@0.25',
      'latency:20|d|@0.5',
      'latency.count:6|c',
      'latency.sum:96|c',
    ])
  })

  test('a sample rate yields its count even if 1 / rate is truncated', async () => {
    const { rateFor } = await import('../../../src/exporters/statsd/statsd-lines.js')
    for (const count of [...Array.from({ length: 10_000 }, (_, i) => i + 1), 2 ** 31, 1e12 + 1]) {
      expect(Math.floor(1 / rateFor(count))).toBe(count)
    }
  })

  test('a summary sends its quantiles as gauges, without those of an empty window', async () => {
    const quantiles = [
      { quantile: 0.5, value: 7 },
      { quantile: 0.999, value: 9 },
      { quantile: 1, value: Number.NaN },
    ]
    const wait = metric({ name: 'wait', type: 'SUMMARY' }, [[], { kind: 'summary', count: 2, sum: 16, quantiles }])
    const rest = ['wait.count:2|c', 'wait.sum:16|c']
    expect(await linesOf([wait])).toEqual(['wait.quantile:7|g|#quantile:0.5', 'wait.quantile:9|g|#quantile:0.999', ...rest])
    expect(await linesOf([wait], { tagStyle: 'none' })).toEqual(['wait.p50:7|g', 'wait.p99_9:9|g', ...rest])
    expect(await linesOf([wait], { percentiles: false })).toEqual(rest)
  })

  test('an info metric is a gauge with its labels, and is not sent without tags', async () => {
    const info = metric({ name: 'build', type: 'INFO', labelKeys: ['version'] }, [['1.2'], 1])
    expect(await linesOf([info])).toEqual(['build:1|g|#version:1.2'])
    await exporterWith({ tagStyle: 'none' }).export([info])
    expect(receiver.packets).toEqual([])
  })
})

describe('rows', () => {
  test('sums over 20 exports equal the counters, while rows come, go and move', async () => {
    const clock = new ManualClock()
    const stats = new Stats({ clock })
    const bytes = stats.measure('bytes', { unit: 'By', tagKeys: ['route'] })
    stats.viewManager.registerView({ name: 'bytes', measure: bytes, tagKeys: ['route'], aggregation: sum() })
    stats.viewManager.registerView({ name: 'sizes', measure: bytes, tagKeys: ['route'], aggregation: inBuckets([10, 100]) })
    const exporter = exporterWith()
    const totals = new Map<string, number>()
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 300; i++) {
        const route = `/${(i * 7 + round) % (40 + round)}`
        stats.record(bytes, i, { route })
        totals.set(route, (totals.get(route) ?? 0) + i)
      }
      if (round === 10) stats.viewManager.registerView({ name: 'more', measure: bytes, tagKeys: ['route'], aggregation: sum() })
      if (round === 15) stats.viewManager.unregisterView('more')
      clock.advance(10_000)
      await exporter.exportFamilies(await gatherFamilies([stats]))
    }
    const seen = new Map<string, number>()
    const counts = new Map<string, number>()
    for (const line of await receiver.lines()) {
      const { name, value, tags } = parseLine(line, 'dogstatsd')
      const into = name === 'bytes' ? seen : name === 'sizes.sum' ? counts : undefined
      into?.set(tags.get('route')!, (into.get(tags.get('route')!) ?? 0) + value)
    }
    expect(seen).toEqual(totals)
    expect(counts).toEqual(totals)
  })

  test('a row that was removed and created again sends its new value', async () => {
    const clock = new ManualClock()
    const stats = new Stats({ clock })
    const bytes = stats.measure('bytes', { unit: 'By', tagKeys: ['route'] })
    stats.viewManager.registerView({ name: 'bytes', measure: bytes, tagKeys: ['route'], aggregation: sum() })
    const exporter = exporterWith()
    const exportNow = async () => exporter.exportFamilies(await gatherFamilies([stats]))
    stats.record(bytes, 5, { route: '/a' })
    await exportNow()
    stats.viewManager.removeRows('bytes', { route: '/a' })
    clock.advance(10)
    stats.record(bytes, 9, { route: '/b' })
    stats.record(bytes, 7, { route: '/a' })
    await exportNow()
    expect((await receiver.lines()).sort()).toEqual(['bytes:5|c|#route:/a', 'bytes:7|c|#route:/a', 'bytes:9|c|#route:/b'])
  })
})

describe('packets', () => {
  const many = (count: number): Metric => counter(...Array.from({ length: count }, (_, i): Series => [[`ü${i}`], i + 1]))

  test('contain whole lines and at most the maximum number of bytes', async () => {
    for (const maxPacketBytes of [64, 100, 512, 1_432]) {
      await exporterWith({ maxPacketBytes }).export([many(500)])
      const lines = await receiver.lines()
      expect(Math.max(...receiver.packets.map(({ length }) => length))).toBeLessThanOrEqual(maxPacketBytes)
      expect(lines.map((line) => parseLine(line, 'dogstatsd').value)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
      receiver.packets.length = 0
    }
  })

  test('a line longer than a packet is dropped and counted', async () => {
    const before = selfValue('tallyscope_exporter_dropped_items_total', 'StatsdExporter', 'too_long')
    expect(await linesOf([counter([['x'.repeat(100)], 1], [['b'], 2])], { maxPacketBytes: 64 })).toEqual(['shop.requests:2|c|#method:b'])
    expect(selfValue('tallyscope_exporter_dropped_items_total', 'StatsdExporter', 'too_long')).toBe(before + 1)
  })

  test('a burst of 5,000 packets arrives', async () => {
    await exporterWith({ maxPacketBytes: 64 }).export([many(10_000)])
    expect((await receiver.lines()).length).toBe(10_000)
  })
})

describe('the contract of exporters', () => {
  const gauges = ['one', 'two', 'three'].map((name) => metric({ name, type: 'GAUGE_INT64' }, [[], 1]))
  for (const { name, run } of exporterContract<Metric>({
    create: () => {
      receiver.packets.length = 0
      return exporterWith()
    },
    items: gauges,
    received: async () => (await receiver.lines()).length,
    createFailing: () => new StatsdExporter({ protocol: 'tcp', port: 1 }),
  })) {
    test(name, run)
  }
})

describe('options', () => {
  test.each([
    [{ port: 0 }, 'ERR_EXPORTER_OPTION'],
    [{ host: '' }, 'ERR_EXPORTER_OPTION'],
    [{ protocol: 'unixStream' }, 'ERR_EXPORTER_OPTION'],
    [{ protocol: 'udp', path: '/a' }, 'ERR_EXPORTER_OPTION'],
    [{ protocol: 'sctp' }, 'ERR_EXPORTER_OPTION'],
    [{ tagStyle: 'json' }, 'ERR_EXPORTER_OPTION'],
    [{ prefix: 'a|b' }, 'ERR_EXPORTER_OPTION'],
    [{ tags: { a: 1 } }, 'ERR_EXPORTER_OPTION'],
    [{ maxPacketBytes: 63 }, 'ERR_EXPORTER_OPTION'],
    [{ maxPacketBytes: 65_508 }, 'ERR_EXPORTER_OPTION'],
    [{ buckets: 1 }, 'ERR_EXPORTER_OPTION'],
    [{ distributions: 'midpoints', tagStyle: 'graphite' }, 'ERR_EXPORTER_OPTION'],
    [{ buckets: true, tagStyle: 'none' }, 'ERR_EXPORTER_OPTION'],
    [{ externalEnv: 'a|b' }, 'ERR_EXPORTER_OPTION'],
    [{ cardinality: 'most' }, 'ERR_EXPORTER_OPTION'],
    [{ timeoutMs: 0 }, 'ERR_EXPORTER_OPTION'],
    [{ prefixes: 'a' }, 'ERR_OPTION'],
  ])('%j is refused', (options, code) => {
    expect(() => new StatsdExporter(options as StatsdExporterOptions)).toThrow(expect.objectContaining({ code }))
  })
})
