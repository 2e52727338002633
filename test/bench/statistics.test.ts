import { expect, test } from 'vitest'
import { line, median, quantile, ratio, spread } from '../../bench/statistics.js'

test('the median is the middle value, or lies between the two middle ones', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([7])).toBe(7)
  expect(median([])).toBeNaN()
})

test('one outlier does not move the median and hardly moves the quartiles', () => {
  expect(spread([10, 10, 11, 12, 12, 13, 5_000])).toEqual({ median: 12, p25: 10.5, p75: 12.5 })
})

test('a quantile is interpolated between samples', () => {
  expect(quantile([0, 10, 20, 30, 40], 0.25)).toBe(10)
  expect(quantile([0, 10], 0.75)).toBe(7.5)
  expect(quantile([5, 1, 9], 0)).toBe(1)
  expect(quantile([5, 1, 9], 1)).toBe(9)
})

test('samples keep the order in which they were taken', () => {
  const samples = [3, 1, 2]
  median(samples)
  expect(samples).toEqual([3, 1, 2])
})

test('a ratio is that of the medians, with the quartiles of the rounds', () => {
  // In the second round the machine was slow for both.
  expect(ratio([1, 10, 2], [10, 100, 10])).toEqual({ median: 0.2, p25: 0.1, p75: 0.15000000000000002 })
})

test('a line fitted to points of a line is that line', () => {
  const { slope, start } = line([
    [0, 5],
    [10, 25],
    [20, 45],
  ])
  expect(slope).toBeCloseTo(2)
  expect(start).toBeCloseTo(5)
})
