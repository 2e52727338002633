import { expect, test } from 'vitest'
import { type PercentilesOptions, resolvePercentiles } from '../../../src/metrics/histograms/percentiles-options.js'

test('the unit decides the smallest difference', () => {
  expect(['s', 'ms', '1', 'constructor'].map((unit) => resolvePercentiles({}, unit).scale)).toEqual([1e9, 1e6, 1e6, 1e6])
})

test('defaults are three quantiles of two digits over ten minutes in two windows', () => {
  expect(resolvePercentiles({}, 's')).toEqual({
    quantiles: [0.5, 0.9, 0.99],
    significantDigits: 2,
    windowMs: 300_000,
    windows: 2,
    scale: 1e9,
    highest: 2 ** 52 / 1e9,
    expectedInterval: 0,
    intervals: false,
  })
})

test('quantiles are shown in increasing order', () => {
  expect(resolvePercentiles({ quantiles: [1, 0.25] }, '1').quantiles).toEqual([0.25, 1])
})

test('the expected interval is in the unit of the measure', () => {
  expect(['s', 'ms', 'us', 'ns'].map((unit) => resolvePercentiles({ expectedIntervalMs: 10 }, unit).expectedInterval)).toEqual([
    0.01, 10, 1e4, 1e7,
  ])
})

test('options out of range are refused with the given value', () => {
  const faults: [PercentilesOptions, string][] = [
    [{ quantiles: 0.5 as never }, 'quantiles must be at most 100 numbers: 0.5 was given'],
    [{ quantiles: [0.5, 99] }, 'quantiles must lie between 0 and 1: [0.5, 99] was given'],
    [{ quantiles: [Number.NaN] }, 'quantiles must lie between 0 and 1: [NaN] was given'],
    [{ quantiles: ['0.5' as never] }, 'quantiles must lie between 0 and 1: an array was given'],
    [{ quantiles: [0.5, 0.5] }, 'quantiles must differ: [0.5, 0.5] was given'],
    [{ significantDigits: 6 }, 'significantDigits must be 1 to 5: 6 was given'],
    [{ windows: 0 }, 'windows must be 1 to 60: 0 was given'],
    [{ maxAgeMs: -1 }, 'maxAgeMs must be positive: -1 was given'],
    [{ maxAgeMs: '60000' as never }, 'maxAgeMs must be positive: "60000" was given'],
    [{ lowest: 0 }, 'lowest must be positive: 0 was given'],
    [{ lowest: 1, highest: 1 }, 'highest must be from 2 to 4503599627370496, as lowest is 1: 1 was given'],
    [{ intervals: 'yes' as never }, 'intervals must be true or false: it is "yes"'],
    [{ expectedIntervalMs: -1 }, 'expectedIntervalMs must not be negative: -1 was given'],
    [{ expectedIntervalMs: 5 }, 'expectedIntervalMs needs a measure in s, ms, us or ns: "By" was given'],
  ]
  for (const [options, message] of faults) {
    expect(() => resolvePercentiles(options, 'By')).toThrow(expect.objectContaining({ code: 'ERR_PERCENTILES', message }))
  }
})
