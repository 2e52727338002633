import { internalMetrics } from '../../../src/base/internal-metrics.js'
import { fc } from '../../fast-check.js'
import * as hdr from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.js'
import hdrLoad from '../../../src/metrics/histograms/hdr-load.cjs'
import { PercentilesData } from '../../../src/metrics/histograms/hdr-percentiles.js'
import { type PercentilesOptions, resolvePercentiles } from '../../../src/metrics/histograms/percentiles-options.js'

class HandClock implements Clock {
  now = 0
  reads = 0
  unixMs = () => 1_700_000_000_000 + this.now
  monotonicMs = () => {
    this.reads++
    return this.now
  }
}

function make(options: PercentilesOptions = {}, clock: Clock = new HandClock(), unit = 's'): PercentilesData {
  return new PercentilesData(resolvePercentiles(options, unit), clock)
}

const valuesOf = (data: PercentilesData) => data.summary().quantiles.map(({ value }) => value)

/** The quantile by its definition: the smallest value that this share of all is at or below. */
function exactly(sorted: readonly number[], quantile: number): number {
  return sorted[Math.max(0, Math.ceil(quantile * sorted.length - 1e-9) - 1)]!
}

test('the index of each value in the histogram is that of the library, with any number of digits', () => {
  const Histogram = hdrLoad.loadHistogram()
  const powers = Array.from({ length: 53 }, (_, exponent) => 2 ** exponent)
  const edges = powers.flatMap((power) => [power - 2, power - 1, power, power + 1, power * 1.5]).filter((value) => value >= 0)
  for (const digits of [1, 2, 3, 4, 5]) {
    const [ours, theirs] = [new Histogram(1, 2, digits), new hdr.Int32Histogram(1, 2, digits)]
    for (const edge of edges) {
      const value = Math.floor(edge)
      expect(ours.countsArrayIndex(value), `${value} with ${digits} digits`).toBe(theirs.countsArrayIndex(value))
    }
    fc.assert(
      fc.property(fc.double({ min: 0, max: 52, noNaN: true }), (exponent) => {
        const value = Math.floor(2 ** exponent)
        return ours.countsArrayIndex(value) === theirs.countsArrayIndex(value)
      }),
      { numRuns: 1_000 },
    )
  }
})

test('quantiles of a million values are exact to the configured digits at any magnitude', () => {
  const quantiles = [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]
  for (const significantDigits of [1, 2, 3]) {
    const data = make({ quantiles, significantDigits })
    let seed = 1
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    const model = Float64Array.from({ length: 1_000_000 }, () => 10 ** (random() * 14 - 7)) // 100 ns to 116 days
    for (const value of model) {
      data.record(value)
      data.record(-value)
    }
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, -1]) expect(data.record(odd)).toBe(false)
    const taken = Array.from(model.sort(), (value) => (value === model.at(-1) ? value : Math.min(value, data.config.highest)))
    expect(data.count).toBe(taken.length)
    for (const [at, value] of valuesOf(data).entries()) {
      const wanted = exactly(taken, quantiles[at]!)
      expect(Math.abs(value - wanted), `${quantiles[at]} with ${significantDigits} digits`).toBeLessThanOrEqual(
        wanted * 10 ** -significantDigits + 1e-9,
      )
    }
  }
})

test('quantiles of a few values equal those of the model', () => {
  const anyValues = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(anyValues, fc.double({ min: 0, max: 1, noNaN: true }), (values, quantile) => {
      const data = make({ quantiles: [quantile] })
      for (const value of values) data.record(value)
      const wanted = exactly(Array.from(Float64Array.from(values).sort()), quantile)
      expect(Math.abs(valuesOf(data)[0]! - wanted)).toBeLessThanOrEqual(wanted * 0.01 + 1e-9)
    }),
  )
})

test('a constant value is shown exactly', () => {
  const data = make()
  for (let times = 0; times < 10; times++) data.record(0.0125)
  expect(data.summary()).toEqual({
    kind: 'summary',
    count: 10,
    sum: expect.closeTo(0.125, 12),
    quantiles: [
      { quantile: 0.5, value: 0.0125 },
      { quantile: 0.9, value: 0.0125 },
      { quantile: 0.99, value: 0.0125 },
    ],
  })
})

test('zero and values below the smallest difference are values', () => {
  const data = make({ quantiles: [0.5] })
  expect([data.record(0), data.record(1e-12), data.record(5e-324)]).toEqual([true, true, true])
  expect(valuesOf(data)[0]).toBeLessThan(1e-9)
})

test('a value above the highest counts exactly in count, sum and maximum, as the highest in other quantiles, and is counted', () => {
  const clamped = () => internalMetrics.get('tallyscope_clamped_percentile_values_total')!.series.get('[]')!.count.value
  for (const unit of ['s', 'ms', 'us', 'ns', 'By', '1']) {
    const data = make({ quantiles: [0.5, 1] }, new HandClock(), unit)
    const { highest } = data.config
    expect(data.record(highest)).toBe(true)
    const before = clamped()
    expect([data.record(highest * 1.01), data.record(1e300), data.record(1e300)]).toEqual([true, true, true])
    expect([data.count, data.sum, clamped() - before]).toEqual([4, 2e300, 3])
    const [median, greatest] = valuesOf(data)
    expect(Math.abs(median! - highest)).toBeLessThanOrEqual(highest / 100)
    expect(greatest).toBe(1e300)
  }
})

test.each([
  ['one value', [50]],
  ['the same value', [50, 50]],
  ['different values', [50, 100, 200]],
])('of %s above the highest, all quantiles but the greatest show the highest', (_, values) => {
  const data = make({ quantiles: [0, 0.01, 0.5, 0.99, 1], highest: 10 })
  for (const value of values) data.record(value)
  const shown = valuesOf(data)
  expect(shown.map((value) => Math.round(value))).toEqual([10, 10, 10, 10, values.at(-1)])
  expect(data.percentileWindows().map(({ min, max }) => [min, max])).toEqual([[10, values.at(-1)]])
})

test('values that took far too long are corrected up to the highest, and as far as buckets can count', () => {
  for (const [expectedIntervalMs, value] of [
    [1, 1.7e12], // milliseconds since 1970, for a measure in seconds
    [0.001, 4e6],
  ] as const) {
    const data = make({ quantiles: [0.01, 0.5, 0.99], expectedIntervalMs })
    for (let times = 0; times < 9; times++) data.record(value)
    const [low, middle, high] = valuesOf(data) as [number, number, number]
    expect(low).toBeGreaterThan(0)
    expect([middle >= low, high >= middle, high <= data.config.highest * 1.01]).toEqual([true, true, true])
    const counts = data.percentileWindows().flatMap((window) => window.counts)
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2 ** 30 + 9)
  }
})

test('an expired window drops its values, but count and sum are kept', () => {
  const clock = new HandClock()
  const data = make({ quantiles: [1], maxAgeMs: 60_000, windows: 3 }, clock)
  data.record(5)
  clock.now = 20_000
  data.record(1)
  expect(valuesOf(data)).toEqual([5])
  clock.now = 59_999
  expect(valuesOf(data)).toEqual([5])
  clock.now = 60_000
  expect(valuesOf(data)).toEqual([1])
  clock.now = 80_000
  expect(data.summary()).toMatchObject({ count: 2, sum: 6, quantiles: [{ quantile: 1, value: Number.NaN }] })
})

test('values expire even if they are not read for a long time', () => {
  const clock = new HandClock()
  const data = make({ quantiles: [0, 1], maxAgeMs: 60_000 }, clock)
  data.record(5)
  clock.now = 600_000
  expect(valuesOf(data)).toEqual([Number.NaN, Number.NaN])
  clock.now = 1_200_000
  data.record(7)
  expect(valuesOf(data)).toEqual([7, 7])
})

test('one value a second without a read for hours leaves only the newest', () => {
  const clock = new HandClock()
  const data = make({ quantiles: [0, 1], maxAgeMs: 600_000 }, clock)
  for (let second = 0; second < 20_000; second++) {
    clock.now = second * 1_000
    data.record(second)
  }
  const [least, greatest] = valuesOf(data) as [number, number]
  expect(least).toBeGreaterThan(20_000 - 600 - 256)
  expect(greatest).toBe(19_999)
})

test('once warm the clock is read for one value in 256', () => {
  const clock = new HandClock()
  const data = make({}, clock)
  for (let times = 0; times < 10_000; times++) data.record(1)
  clock.reads = 0
  for (let times = 0; times < 256_000; times++) data.record(1)
  expect(clock.reads).toBe(1_000)
})

test('merged quantiles are those of the union, window by window', () => {
  const clock = new HandClock()
  const options = { quantiles: [0.5, 0.99], maxAgeMs: 60_000, significantDigits: 3 }
  const [one, other] = [make(options, clock), make(options, clock)]
  for (let value = 1; value <= 500; value++) one.record(value)
  clock.now = 30_000
  for (let value = 501; value <= 1_000; value++) other.record(value)
  one.merge(other)
  expect(one.summary()).toMatchObject({ count: 1_000, sum: 500_500 })
  const [p50, p99] = valuesOf(one) as [number, number]
  expect([Math.round(p50 / 5), Math.round(p99 / 5)]).toEqual([100, 198])
  clock.now = 60_000
  expect(valuesOf(one)[0]! / 750).toBeCloseTo(1, 2)
})

test('a long value is corrected for the values it prevented, in the quantiles only', () => {
  const corrected = make({ quantiles: [0.5], expectedIntervalMs: 10 })
  const plain = make({ quantiles: [0.5] })
  for (const data of [corrected, plain]) {
    for (let times = 0; times < 99; times++) data.record(0.001)
    data.record(2)
  }
  expect(valuesOf(plain)[0]).toBeCloseTo(0.001, 4)
  expect(valuesOf(corrected)[0]).toBeGreaterThan(0.3)
  expect(corrected.summary()).toMatchObject({ count: 100, sum: plain.sum })
})

test('a correction for a thousand million values is done at once', () => {
  const data = make({ quantiles: [0.5], expectedIntervalMs: 1 })
  const started = performance.now()
  data.record(1_000_000)
  expect(performance.now() - started).toBeLessThan(1_000)
  expect(valuesOf(data)[0]! / 500_000).toBeCloseTo(1, 1)
})

test('intervals contain each completed time span and the open one', () => {
  const clock = new HandClock()
  const data = make({ maxAgeMs: 20_000, windows: 2, intervals: true }, clock)
  data.record(1)
  clock.now = 10_000
  data.record(2)
  clock.now = 12_000
  const intervals = data.summary().intervals!
  expect(intervals.map(({ histogram, ...rest }) => ({ ...rest, count: hdr.decodeFromCompressedBase64(histogram).totalCount }))).toEqual([
    { startTimeUnixMs: 1_700_000_000_000, endTimeUnixMs: 1_700_000_010_000, closed: true, max: 1, scale: 1e9, count: 1 },
    { startTimeUnixMs: 1_700_000_010_000, endTimeUnixMs: 1_700_000_012_000, closed: false, max: 2, scale: 1e9, count: 1 },
  ])
  expect(make().summary()).not.toHaveProperty('intervals')
})

test('a row of latencies up to ten seconds takes less than 40 kB with the defaults', () => {
  const { significantDigits, scale, windows } = resolvePercentiles({}, 's')
  const Histogram = hdrLoad.loadHistogram()
  const histogram = new Histogram(1, 2, significantDigits)
  histogram.autoResize = true
  histogram.recordValue(10 * scale)
  expect(histogram.estimatedFootprintInBytes * windows).toBeGreaterThan(4_000)
  expect(histogram.estimatedFootprintInBytes * windows).toBeLessThan(40_000)
})

test('the default range follows the unit: 52 days of nanoseconds, 4 PB of bytes', () => {
  for (const [unit, value] of [
    ['s', 5],
    ['ms', 5e3],
    ['us', 5e6],
    ['ns', 5e9],
    ['By', 5e12],
  ] as const) {
    const data = make({ quantiles: [0.5, 1] }, new HandClock(), unit)
    for (const each of [value / 1_000, value, value * 1.2]) data.record(each)
    const [median, greatest] = valuesOf(data)
    expect([data.count, data.sum, greatest]).toEqual([3, value / 1_000 + value + value * 1.2, value * 1.2])
    expect(Math.abs(median! - value)).toBeLessThanOrEqual(value / 100)
  }
})
