import { expect, test } from 'vitest'
import type { DistributionValue } from '../../src/metrics/data/metric.js'
import { distribution, exponential } from '../../src/stats/views/aggregation.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import { randomNumbers } from '../exporters/random.js'
import { engine } from '../stats/engine.js'
import { amount, figure, seed } from './amount.js'

const VALUES = amount(100_000, 10_000_000)
const BITS = new BigUint64Array(1)
const DOUBLE = new Float64Array(BITS.buffer)

/** The double next to a positive one. */
function next(value: number, step: bigint): number {
  DOUBLE[0] = value
  BITS[0]! += step
  return DOUBLE[0]
}

/** Sorted values, and what can be computed from them alone. */
class Model {
  readonly sorted: Float64Array
  constructor(values: Float64Array) {
    this.sorted = Float64Array.from(values).sort()
  }

  /** How many values are at most this one. */
  upTo(bound: number): number {
    let low = 0
    let high = this.sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.sorted[middle]! <= bound) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Neumaier's sum, right to the last digits whatever the order. */
  sum(): number {
    let sum = 0
    let rest = 0
    for (const value of this.sorted) {
      const grown = sum + value
      rest += sum >= value ? sum - grown + value : value - grown + sum
      sum = grown
    }
    return sum + rest
  }
}

/** Records all of them, by every way to record, into a histogram of these bounds and one without. */
function recorded(values: Float64Array, bounds: readonly number[]): { fixed: DistributionValue; growing: DistributionValue } {
  const { stats } = engine()
  const measure = stats.measure('m')
  stats.viewManager.registerView({ name: 'fixed', measure, aggregation: distribution(bounds) })
  stats.viewManager.registerView({ name: 'growing', measure, aggregation: exponential() })
  const bound = stats.bind(measure, {})
  const tags = TagMap.of({ a: 'x' })
  for (let n = 0; n < values.length; n++) {
    if (n % 3 === 0) stats.record(measure, values[n]!, {})
    else if (n % 3 === 1) bound.record(values[n]!)
    else stats.record(measure, values[n]!, tags)
  }
  const data = (view: string) => stats.viewManager.getView(view)!.rows[0]!.data as DistributionValue
  return { fixed: data('fixed'), growing: data('growing') }
}

function check(values: Float64Array, bounds: readonly number[], digits: number): { wrong: number; error: number } {
  const model = new Model(values)
  const { fixed, growing } = recorded(values, bounds)
  const below = [0, ...bounds.map((bound) => model.upTo(bound)), values.length]
  const expected = below.slice(1).map((upTo, at) => upTo - below[at]!)
  const wrong = expected.filter((one, at) => one !== fixed.bucketCounts[at]).length
  expect(fixed.bucketCounts).toEqual(expected)
  expect([fixed.count, growing.count]).toEqual([values.length, values.length])
  const sum = model.sum()
  const error = Math.max(Math.abs(fixed.sum - sum), Math.abs(growing.sum - sum)) / sum
  expect(error).toBeLessThan(10 ** -digits)

  const { schema, zeroCount, zeroThreshold, positive } = growing.exponential!
  expect(zeroCount).toBe(model.upTo(zeroThreshold))
  expect(zeroCount + positive.counts.reduce((all, one) => all + one, 0)).toBe(values.length)
  for (const [at, index] of positive.indexes.entries()) {
    // Powers of two are exact; those between are not, so that values next to them may be in either bucket here.
    const edge = (one: number, by: number) => model.upTo(Math.min(2 ** (one * 2 ** -schema), Number.MAX_VALUE) * (schema <= 0 ? 1 : by))
    const lowest = edge(index, 1 - 1e-14) - Math.max(edge(index - 1, 1 + 1e-14), zeroCount)
    const highest = edge(index, 1 + 1e-14) - Math.max(edge(index - 1, 1 - 1e-14), zeroCount)
    expect([index, positive.counts[at]! >= lowest, positive.counts[at]! <= highest]).toEqual([index, true, true])
  }
  return { wrong, error }
}

const increasing = (bounds: number[]): number[] => [...new Set(bounds)].sort((one, other) => one - other)

const POPULATIONS: Record<string, (random: () => number) => { bounds: number[]; value: () => number; digits?: number }> = {
  'from 0 to 1': (random) => ({ bounds: increasing(Array.from({ length: 512 }, random)), value: () => random() + random() * 2 ** -32 }),
  'of any size': (random) => ({
    bounds: increasing(Array.from({ length: 200 }, () => 2 ** (random() * 2_000 - 1_074))),
    value: () => random() * 2 ** Math.floor(random() * 1_990 - 1_074), // so that ten million of them have a finite sum
  }),
  // Few values that come again and again are rounded in the same direction each time, as in any sum of doubles.
  'on bounds and next to them': (random) => {
    const bounds = increasing([
      5e-324,
      1e-300,
      0.1,
      1,
      2,
      3,
      1e15,
      2 ** 53,
      ...Array.from({ length: 40 }, () => 2 ** Math.floor(random() * 60 - 30) * (1 + random())),
    ])
    return { bounds, value: () => next(bounds[Math.floor(random() * bounds.length)]!, BigInt(Math.floor(random() * 3)) - 1n), digits: 9 }
  },
}

test('random doubles fall into the same buckets as in a sorted list, and their sum is correct to twelve digits', {
  timeout: 600_000,
}, () => {
  console.log(`seed ${seed()}`)
  const errors: string[] = []
  for (const [at, [name, population]] of Object.entries(POPULATIONS).entries()) {
    const { bounds, value, digits = 12 } = population(randomNumbers(seed() + at))
    const values = Float64Array.from({ length: VALUES }, value)
    const { wrong, error } = check(values, bounds, digits)
    expect([name, wrong]).toEqual([name, 0])
    errors.push(`${name} ${error.toExponential(1)}`)
  }
  const all = (VALUES * Object.keys(POPULATIONS).length).toLocaleString('en')
  figure('histogram truth', `${all} doubles: 0 wrong buckets, sums off by ${errors.join(', ')}`)
  console.log(`${all} doubles, sums off by ${errors.join(', ')}`)
})
