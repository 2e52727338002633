import { expect, test } from 'vitest'
import { formatOpenMetrics } from '../../../../src/exporters/prometheus/format/openmetrics-text.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import { count, distribution, lastValue, sum } from '../../../../src/stats/views/aggregation.js'
import { Stats } from '../../../../src/stats/stats.js'
import { bytesOf } from './metric-samples.js'

const clock = { unixMs: () => 1_700_000_000_123, monotonicMs: () => 0 }
const trace = { trace_id: 'x' }

function engine() {
  const stats = new Stats({ clock, limits: { rowsPerView: 40 } })
  const measure = stats.measure('m', { unit: 's', signed: true, tagKeys: ['a'] })
  const tagKeys = ['a'] as const
  stats.viewManager.registerView({ name: 'counts', measure, tagKeys, aggregation: count() })
  stats.viewManager.registerView({ name: 'sums', measure, tagKeys, aggregation: sum() })
  stats.viewManager.registerView({ name: 'lasts', measure, tagKeys, aggregation: lastValue() })
  stats.viewManager.registerView({ name: 'times', measure, tagKeys, aggregation: distribution([0, 1, 2]) })
  return {
    stats,
    record: (value: number, a: string, attachments?: { trace_id: string }) => stats.record(measure, value, { a }, attachments),
  }
}

/** What is written from rows, and from their snapshot piece by piece, is the text of the snapshot. */
async function check(stats: Stats): Promise<string> {
  const metrics = stats.getMetrics()
  expect(String(await bytesOf(textEncoder.encode(stats.getFamilies())))).toBe(formatText(metrics))
  expect(String(await bytesOf(textEncoder.encode(metrics)))).toBe(formatText(metrics))
  for (const created of [true, false]) {
    expect(String(await bytesOf(openMetricsEncoder({ created }).encode(metrics)))).toBe(formatOpenMetrics(metrics, { created }))
    const text = String(await bytesOf(openMetricsEncoder({ created }).encode(stats.getFamilies())))
    expect(text).toBe(formatOpenMetrics(metrics, { created }))
  }
  return formatOpenMetrics(metrics)
}

test('exemplars are written for no row, some rows, the first row and the last row', async () => {
  for (const traced of [[], ['b', 'd'], ['a'], ['e']]) {
    const { stats, record } = engine()
    for (const a of ['a', 'b', 'c', 'd', 'e']) record(1, a, traced.includes(a) ? trace : undefined)
    const text = await check(stats)
    const lines = text.split('\n').filter((line) => line.includes('# {trace_id="x"} 1 1700000000.123'))
    expect(lines).toEqual([
      ...traced.map((a) => `counts_total{a="${a}"} 1 # {trace_id="x"} 1 1700000000.123`),
      ...traced.map((a) => `times_seconds_bucket{a="${a}",le="1.0"} 1 # {trace_id="x"} 1 1700000000.123`),
    ])
    record(1, 'c')
    await check(stats)
  }
})

test('an exemplar is written in any bucket, including the first and the last', async () => {
  const bounds = ['0.0', '1.0', '2.0', '+Inf']
  for (const [bucket, value] of [0, 0.5, 1.5, 2.5].entries()) {
    const { stats, record } = engine()
    record(1, 'plain')
    record(value, 'traced', trace)
    const line = (await check(stats)).split('\n').find((one) => one.startsWith('times') && one.includes('# {'))
    expect(line).toBe(`times_seconds_bucket{a="traced",le="${bounds[bucket]}"} 1 # {trace_id="x"} ${value} 1700000000.123`)
  }
})

test('negative sums, removed rows, declared rows and the overflow row are written', async () => {
  const { stats, record } = engine()
  for (let i = 0; i < 36; i++) record(i % 5, `a${i}`)
  await check(stats)
  record(-500, 'a3')
  record(-0.5, 'below')
  await check(stats)
  for (const view of ['counts', 'times', 'sums']) stats.viewManager.removeRows(view, { a: 'a7' })
  await check(stats)
  record(12_345, 'in its place', trace)
  for (let i = 0; i < 10; i++) record(1, `more ${i}`)
  expect(await check(stats)).toContain('counts_total{tallyscope_overflow="true"} ')
  for (let i = 0; i < 36; i++) if (i !== 7) for (const view of ['counts', 'times']) stats.viewManager.removeRows(view, { a: `a${i}` })
  await check(stats)
})

test('a view without rows has no header, also after losing all of them', async () => {
  const { stats, record } = engine()
  expect(await check(stats)).toBe('# EOF\n')
  record(1, 'a')
  await check(stats)
  for (const view of ['counts', 'sums', 'lasts', 'times']) stats.viewManager.removeRows(view, { a: 'a' })
  expect(await check(stats)).toBe('# EOF\n')
})

test('a row with hundreds of buckets and long labels exceeds a chunk and is complete', async () => {
  const stats = new Stats({ clock })
  const measure = stats.measure('m', { tagKeys: ['a'] })
  const bounds = Array.from({ length: 512 }, (_, at) => at + 1)
  stats.viewManager.registerView({ name: 'long', measure, tagKeys: ['a'], aggregation: distribution(bounds) })
  stats.viewManager.registerView({ name: 'one', measure, tagKeys: [], aggregation: lastValue() })
  for (const value of [0, 3, 700, 1e300]) stats.record(measure, value, { a: 'x'.repeat(256) })
  stats.record(measure, 5, { a: 'short' })
  expect((await check(stats)).length).toBeGreaterThan(150_000)
})
