import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HistogramLogReader, listTags } from 'hdr-histogram-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.js'
import { HlogExporter } from '../../../src/exporters/file/hlog-exporter.js'
import { PercentilesData } from '../../../src/metrics/histograms/hdr-percentiles.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { resolvePercentiles } from '../../../src/metrics/histograms/percentiles-options.js'

let folder: string
let nowMs: number
const clock: Clock = { unixMs: () => 1_700_000_000_000 + nowMs, monotonicMs: () => nowMs }

beforeEach(() => {
  nowMs = 0
  folder = mkdtempSync(join(tmpdir(), 'hlog-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const metricOf = (data: PercentilesData, route = '/cart', name = 'shop/latency'): Metric => ({
  descriptor: { name, description: '', unit: 's', type: 'SUMMARY', labelKeys: ['route', 'method'] },
  timeSeries: [{ labelValues: [route, undefined], points: [{ timeUnixMs: clock.unixMs(), value: data.summary() }] }],
})

const make = (intervals = true) =>
  new PercentilesData(resolvePercentiles({ maxAgeMs: 20_000, significantDigits: 3, intervals }, 's'), clock)

test("each window becomes one line that HdrHistogram's reader reads", async () => {
  const path = join(folder, 'a.hlog')
  const exporter = new HlogExporter({ path, clock })
  const data = make()
  for (nowMs = 0; nowMs < 30_000; nowMs += 1_000) {
    data.record((nowMs + 1_000) / 1e6)
    await exporter.export([metricOf(data)])
  }
  nowMs = 29_000
  await exporter.shutdown()
  const reader = new HistogramLogReader(readFileSync(path, 'utf8'))
  const read = Array.from({ length: 4 }, () => reader.nextIntervalHistogram())
  expect(read.map((found) => found && [found.tag, found.startTimeStampMsec, found.endTimeStampMsec, found.totalCount])).toEqual([
    ['shop/latency;route=/cart', 1_700_000_000_000, 1_700_000_010_000, 10],
    ['shop/latency;route=/cart', 1_700_000_010_000, 1_700_000_020_000, 10],
    ['shop/latency;route=/cart', 1_700_000_020_000, 1_700_000_029_000, 10],
    null,
  ])
  expect(read[1]!.getValueAtPercentile(50) / 1e9).toBeCloseTo(0.015, 4)
})

test('each window is written once if the wall clock is slower than the monotonic clock', async () => {
  const path = join(folder, 'slow.hlog')
  const slow: Clock = { unixMs: () => Math.floor(clock.unixMs() - nowMs / 5_000), monotonicMs: () => nowMs }
  const exporter = new HlogExporter({ path, clock: slow })
  const data = new PercentilesData(resolvePercentiles({ maxAgeMs: 20_000, intervals: true }, 's'), slow)
  for (nowMs = 0.5; nowMs < 100_000; nowMs += 1_000) {
    data.record(0.5)
    await exporter.export([metricOf(data)])
  }
  await exporter.shutdown()
  const reader = new HistogramLogReader(readFileSync(path, 'utf8'))
  const counts = Array.from({ length: 11 }, () => reader.nextIntervalHistogram()?.totalCount)
  expect(counts).toEqual([...Array.from({ length: 10 }, () => 10), undefined])
})

test('the log begins with its format and the time', async () => {
  const path = join(folder, 'b.hlog')
  const exporter = new HlogExporter({ path, clock })
  const data = make()
  data.record(0.5)
  nowMs = 10_000
  await exporter.export([metricOf(data)])
  await exporter.shutdown()
  const [line, ...head] = readFileSync(path, 'utf8').trimEnd().split('\n').reverse()
  expect(head.reverse()).toEqual([
    '#[Histogram log format version 1.3]',
    '#[StartTime: 1700000010.000 (seconds since epoch), 2023-11-14T22:13:30.000Z]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  ])
  expect(line).toMatch(/^Tag=shop\/latency;route=\/cart,1700000000\.000,10\.000,0\.5,HIST[\w+/=]+$/)
})

test('characters that would end a tag are escaped', async () => {
  const path = join(folder, 'c.hlog')
  const exporter = new HlogExporter({ path, clock })
  const data = make()
  data.record(1)
  await exporter.export([metricOf(data, 'a,b c\n#=é', 'my view')])
  await exporter.shutdown()
  expect(listTags(readFileSync(path, 'utf8'))).toEqual(['my%20view;route=a%2Cb%20c%0A%23%3D%C3%A9'])
})

test('metrics without histograms write nothing, and a second shutdown is harmless', async () => {
  const path = join(folder, 'd.hlog')
  const exporter = new HlogExporter({ path, clock })
  const data = make(false)
  data.record(1)
  await exporter.export([metricOf(data)])
  await Promise.all([exporter.shutdown(), exporter.shutdown()])
  expect(() => readFileSync(path)).toThrow('ENOENT')
  await expect(exporter.export([])).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED', retryable: false })
})

test('a file that cannot be written rejects, and its windows are retried', async () => {
  const path = join(folder, 'missing', 'e.hlog')
  const exporter = new HlogExporter({ path, clock })
  const data = make()
  data.record(1)
  nowMs = 10_000
  await expect(exporter.export([metricOf(data)])).rejects.toMatchObject({ code: 'ERR_FILE_APPEND', retryable: true })
  await expect(exporter.export([metricOf(data)])).rejects.toMatchObject({ code: 'ERR_FILE_APPEND' })
  await exporter.shutdown()
})

test('a log without a path is refused', () => {
  expect(() => new HlogExporter({ path: '' })).toThrow(expect.objectContaining({ code: 'ERR_EXPORTER_OPTION' }))
})
