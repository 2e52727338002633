import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checks } from '../../bench/soak/checks.js'

/** What a service sees of itself that holds everything, for so many minutes. */
function seen(minutes: number) {
  const delay = { p50: 0.1, p999: 1, max: 5 }
  return {
    seconds: minutes * 60,
    records: minutes * 600_000,
    counted: minutes * 600_000,
    series: 10_000,
    spans: minutes * 6_000,
    exportedSpans: minutes * 6_000,
    metricExports: minutes * 2,
    rotations: 3,
    resident: Array.from({ length: 100 }, (_, at) => [1 + ((minutes - 1) * at) / 100, 120 + (at % 2)] as const),
    heapBeginMB: 60,
    heapEndMB: 60.5,
    baseline: delay,
    scraped: { p50: 0.2, p999: 4, max: 20 },
    everything: { p50: 0.2, p999: 5, max: 60 },
    descriptorsBefore: 22,
    descriptorsAfter: 22,
    timersBefore: 0,
    timersAfter: 0,
    warnings: 0,
    scrapes: minutes * 60 - 1,
    failedScrapes: 0,
    scrapedBytes: 1e8,
    pushes: minutes * 2,
    pushedBytes: 1e7,
  }
}

const broken = (minutes: number, change: Partial<ReturnType<typeof seen>> = {}): string[] =>
  checks({ ...seen(minutes), ...change }, minutes).flatMap(({ what, held }) => (held === false ? [what] : []))

/** Resident memory that grows by so many MB a minute. */
const growing = (minutes: number, rate: number) =>
  Array.from({ length: 100 }, (_, at) => [(minutes * at) / 100, 100 + (rate * minutes * at) / 100] as const)

test('a soak of ten thousand records and a scrape a second passes for a service that does not change', () => {
  for (const minutes of [3, 5, 60]) expect(broken(minutes)).toEqual([])
})

test('growing memory fails a soak: half a megabyte a minute in the short form, one an hour in the long', () => {
  expect(broken(5, { resident: growing(5, 0.6) })).toEqual(['slope of resident memory'])
  expect(broken(5, { resident: growing(5, 0.4) })).toEqual([])
  expect(broken(60, { resident: growing(60, 1.2 / 60) })).toEqual(['slope of resident memory'])
  expect(broken(60, { resident: growing(60, 0.8 / 60) })).toEqual([])
  expect(broken(5, { heapEndMB: 62 })).toEqual(['heap at the end, collected'])
})

test('an event loop that the library blocks fails a soak', () => {
  expect(broken(5, { scraped: { p50: 0.2, p999: 6.5, max: 20 } })).toEqual(['added by records and scrapes, p99.9'])
  expect(broken(5, { scraped: { p50: 0.2, p999: 4, max: 31 } })).toEqual(['added by records and scrapes, longest'])
  expect(broken(5, { baseline: { p50: 5, p999: 10, max: 40 }, scraped: { p50: 5, p999: 14, max: 60 } })).toEqual([])
})

test('anything lost, left open or logged fails a soak', () => {
  expect(broken(5, { counted: seen(5).records - 1 })).toEqual(['records missing in the views'])
  expect(broken(5, { counted: Number.NaN })).toEqual(['records missing in the views'])
  expect(broken(5, { exportedSpans: 0 })).toEqual(['spans missing in memory'])
  expect(broken(5, { failedScrapes: 1 })).toEqual(['scrapes that failed'])
  expect(broken(5, { descriptorsAfter: 23 })).toEqual(['descriptors after'])
  expect(broken(5, { timersAfter: 1 })).toEqual(['timers after'])
  expect(broken(5, { warnings: 1, pushes: 0, metricExports: 0, rotations: 0 })).toEqual([
    'periodic exports',
    'pushes',
    'rotated files',
    'warnings of the process',
  ])
})

test('a soak of three minutes runs before a change lands', () => {
  expect(readFileSync(join(import.meta.dirname, '../../.ci/run'), 'utf8')).toMatch(/^step soak npm run soak --silent -- 3$/m)
})
