import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import { coarserIndex, upperBound } from '../../../src/metrics/histograms/exponential-bounds.js'
import { distribution, exponential, sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount } from '../../faults/amount.js'
import { randomFrom } from '../prometheus/format/random-registry.js'
import { receiver, type Receiver } from '../sending/receiver.js'
import { dataOf, decodeBody, metricsOf, type Plain } from './read-otlp.js'

let clock: ManualClock
let destination: Receiver
let status: () => number
beforeEach(async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  clock = new ManualClock({ unixMs: 1_000_000 })
  status = () => 200
  destination = await receiver((response) => void response.writeHead(status()).end())
})
afterEach(() => void vi.restoreAllMocks())

/** What a receiver of deltas adds up for one series. */
interface Total {
  count: number
  sum: number
  buckets: number[]
  zeroCount: number
  zeroThreshold: number
  scale: number
  /** Buckets as they came, at the scale of their point. */
  readonly exponential: { readonly side: string; readonly scale: number; readonly index: number; readonly count: number }[]
  untilNs: bigint
}

/** Adds one point, and checks that its window begins where the one before has ended. */
function add(totals: Map<string, Total>, name: string, point: Plain, data: string): void {
  const key = JSON.stringify([name, point['attributes']])
  const fresh = { count: 0, sum: 0, buckets: [], zeroCount: 0, zeroThreshold: 0, scale: 20, exponential: [], untilNs: 0n }
  const total = totals.get(key) ?? fresh
  totals.set(key, total)
  if (BigInt(point['startTimeUnixNano']) < total.untilNs) throw new Error(`${key}: windows overlap`)
  total.untilNs = BigInt(point['timeUnixNano'])
  total.count += Number(point['count'] ?? point['asInt'] ?? point['asDouble'])
  total.sum += point['sum'] ?? 0
  for (const [at, count] of ((point['bucketCounts'] ?? []) as string[]).entries())
    total.buckets[at] = (total.buckets[at] ?? 0) + Number(count)
  if (data !== 'exponentialHistogram') return
  const scale = point['scale'] ?? 0
  total.zeroCount += Number(point['zeroCount'] ?? 0)
  total.zeroThreshold = Math.max(total.zeroThreshold, point['zeroThreshold'] ?? 0)
  total.scale = Math.min(total.scale, scale)
  for (const side of ['positive', 'negative']) {
    const { offset = 0, bucketCounts = [] } = (point[side] ?? {}) as { offset?: number; bucketCounts?: string[] }
    for (const [at, count] of bucketCounts.entries()) {
      if (count !== '0') total.exponential.push({ side, scale, index: offset + at + 1, count: Number(count) })
    }
  }
}

/** All buckets at the coarsest scale that came, those below the widest zero in it. */
function shown({ count, sum: total, buckets, zeroCount, zeroThreshold, scale, exponential: all }: Total): unknown {
  const merged = new Map<string, number>()
  const put = (key: string, some: number): void => void merged.set(key, (merged.get(key) ?? 0) + some)
  put('zero', zeroCount)
  for (const { side, scale: own, index, count: some } of all) {
    if (upperBound(index, own) <= zeroThreshold) put('zero', some)
    else put(`${side} ${coarserIndex(index, own - scale)}`, some)
  }
  return { count, sum: total.toFixed(6), buckets, zeroThreshold, scale, exponential: [...merged].sort() }
}

/** All values of random size, of either sign: the buckets of exponential histograms get coarser on the way, and zero wider. */
function program(random: () => number) {
  const stats = new Stats({ clock })
  const took = stats.measure('took', { tagKeys: ['route'] })
  stats.viewManager.registerView({ name: 'spent', measure: took, tagKeys: ['route'], aggregation: sum() })
  stats.viewManager.registerView({ name: 'took', measure: took, tagKeys: ['route'], aggregation: distribution([1, 10, 100]) })
  stats.viewManager.registerView({
    name: 'native',
    measure: took,
    tagKeys: ['route'],
    aggregation: exponential({ maxBuckets: 20, maxZeroThreshold: 0.1 }),
  })
  const work = (): void => {
    const spread = 10 ** Math.floor(random() * 8)
    for (let i = Math.floor(random() * 20); i > 0; i--) {
      stats.record(took, random() < 0.05 ? 0 : Math.round(random() * spread * 1_024) / 1_024, { route: `r${Math.floor(random() * 4)}` })
    }
  }
  return { stats, work }
}

async function exportOnce(exporter: OtlpMetricExporter, stats: Stats): Promise<Plain[]> {
  const before = destination.requests.length
  const context = { timeUnixMs: clock.unixMs(), timeoutMs: 100, signal: new AbortController().signal, isLast: false }
  const isTaken = await exporter.exportFamilies(await gatherFamilies([stats]), context).then(
    () => true,
    () => false,
  )
  const requests = destination.requests.slice(before).map(({ body }) => decodeBody(body, 'ExportMetricsServiceRequest'))
  return isTaken ? metricsOf(requests) : []
}

test.each(['explicit', 'exponential'] as const)(
  'deltas add up to the recorded values, whatever fails on the way: %s buckets',
  async (histograms) => {
    const runs = amount(30, 1_000)
    for (let seed = 1; seed <= runs; seed++) {
      const random = randomFrom(seed)
      const { stats, work } = program(random)
      const common = { endpoint: destination.url, compression: 'none', histograms, clock } as const
      const exporter = new OtlpMetricExporter({ ...common, temporality: 'delta' })
      const totals = new Map<string, Total>()
      for (let step = 0; step < 12; step++) {
        work()
        await clock.advanceAsync(1_000)
        const isAway = step < 11 && random() < 0.4
        status = () => (isAway ? 503 : 200)
        for (const metric of await exportOnce(exporter, stats)) {
          const data = dataOf(metric)
          expect(metric[data].aggregationTemporality).toBe(1)
          for (const point of metric[data].dataPoints) add(totals, metric['name'], point, data)
        }
      }
      const cumulative = new OtlpMetricExporter({ ...common, temporality: 'cumulative' })
      const whole = new Map<string, Total>()
      for (const metric of await exportOnce(cumulative, stats)) {
        const data = dataOf(metric)
        for (const point of metric[data].dataPoints) add(whole, metric['name'], point, data)
      }
      const plain = (all: Map<string, Total>): unknown => [...all].map(([key, total]) => [key, shown(total)]).sort()
      expect(plain(totals), `seed ${seed}`).toEqual(plain(whole))
      await Promise.all([exporter.shutdown(), cumulative.shutdown()])
    }
  },
  120_000,
)
