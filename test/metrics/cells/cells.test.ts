import { fc } from '../../fast-check.js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { contextState, EMPTY_FRAME, runInFrame, type FrameSpan } from '../../../src/base/context.js'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'
import type { Cells } from '../../../src/metrics/cells/cells.js'
import { DistributionCells } from '../../../src/metrics/cells/distribution-cells.js'
import { LastValueCells } from '../../../src/metrics/cells/last-value-cells.js'
import { CountCells, SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const ROWS = 4
const clock = new ManualClock({ unixMs: 1_000 })
const epochs = new EpochLog(clock)
const distribution = (bounds: readonly number[] = []) => new DistributionCells(ROWS, new BucketSearch(bounds), epochs)
const buckets = (cells: Cells, bounds: readonly number[], cell = 1) =>
  Array.from({ length: bounds.length + 1 }, (_, at) => cells.bucket(cell, at))

const fresh: [string, () => Cells][] = [
  ['count', () => new CountCells(ROWS)],
  ['sum', () => new SumCells(ROWS)],
  ['last value', () => new LastValueCells(ROWS)],
  ['distribution', () => distribution([1])],
]

describe.each(fresh)('%s', (_kind, make) => {
  test('begins at 0, and other rows are unchanged', () => {
    const cells = make()
    expect(cells.record(1, 5)).toBe(true)
    expect([0, 2, 3].map((cell) => [cells.value(cell), cells.count(cell), cells.bucket(cell, 0)])).toEqual(Array(3).fill([0, 0, 0]))
    expect(cells.value(1)).toBeGreaterThan(0)
  })

  test('is 0 again once cleared', () => {
    const cells = make()
    const other = make()
    cells.record(1, 5)
    cells.attach(1, 5, { trace_id: 'x' }, epochs)
    cells.clear(1)
    expect([cells.value(1), cells.count(1), cells.sumOfSquaredDeviation(1), cells.bucket(1, 0), cells.bucket(1, 1)]).toEqual([
      0, 0, 0, 0, 0,
    ])
    expect([cells.exemplar(1, 0), cells.exemplar(1, 1)]).toEqual([undefined, undefined])
    expect(other.value(1)).toBe(0)
  })

  test('copies a whole row', () => {
    const cells = make()
    for (const value of [0.5, 2, 3, 2 ** 31 - 1, 7]) cells.record(1, value)
    cells.attach(1, 0.5, { trace_id: 'a' }, epochs)
    cells.attach(1, 7, { trace_id: 'b' }, epochs)
    const copy = make()
    copy.copy(3, cells, 1)
    const contents = (from: Cells, cell: number) => [
      from.value(cell),
      from.count(cell),
      from.sumOfSquaredDeviation(cell),
      [0, 1].map((at) => [from.bucket(cell, at), from.exemplar(cell, at)]),
    ]
    expect(contents(copy, 3)).toEqual(contents(cells, 1))
    copy.record(3, 1)
    expect(contents(copy, 3)).not.toEqual(contents(cells, 1))
  })

  describe('of a row among others', () => {
    const contents = (cells: Cells, cell: number) => [
      cells.value(cell),
      cells.count(cell),
      cells.sumOfSquaredDeviation(cell),
      [0, 1].map((at) => [cells.bucket(cell, at), cells.exemplar(cell, at)]),
    ]
    /** Every row has values of its own, in both buckets, and exemplars. */
    const full = (more: number) => {
      const cells = make()
      for (let cell = 0; cell < ROWS; cell++) {
        for (let n = 0; n <= cell + more; n++) for (const value of [0.5, 3, 7.25 + more]) cells.record(cell, value)
        for (const value of [0.5, 3]) cells.attach(cell, value, { id: `${more} ${cell}` }, epochs)
      }
      return cells
    }

    test('clear leaves the others unchanged', () => {
      const [cells, before, empty] = [full(1), full(1), make()]
      cells.clear(2)
      expect([0, 1, 2, 3].map((cell) => contents(cells, cell))).toEqual(
        [0, 1, 2, 3].map((cell) => contents(cell === 2 ? empty : before, cell)),
      )
    })

    test('a copy replaces the whole row, and leaves the others unchanged', () => {
      const [cells, before, from] = [full(1), full(1), full(5)]
      cells.copy(2, from, 1)
      expect(contents(cells, 2)).toEqual(contents(from, 1))
      for (const cell of [0, 1, 3]) expect(contents(cells, cell)).toEqual(contents(before, cell))
    })
  })

  test('−0 is 0', () => {
    const cells = make()
    cells.record(1, -0)
    expect(Object.is(cells.value(1), -0)).toBe(false)
    cells.attach(1, -0, { a: 'b' }, epochs)
    expect(Object.is(cells.exemplar(1, 0)?.value, -0)).toBe(false)
  })
})

describe('sums', () => {
  /** Adds and compares with the exact sum. */
  function check(values: readonly number[], expected: number): void {
    const cells = new SumCells(ROWS)
    for (const value of values) expect(cells.record(1, value)).toBe(true)
    expect(cells.value(1)).toBe(expected)
  }

  const big = 2 ** 31 - 1
  test.each<[string, number[], number]>([
    ['small whole numbers', [1, 2, 3], 6],
    ['just below 2^31', [big], 2 ** 31 - 1],
    ['past 2^31 by one', [big, 1], 2 ** 31],
    ['past 2^31 by much', [big, big], 2 ** 32 - 2],
    ['past 2^32 and on', Array(10).fill(big), 10 * big],
    ['of 2^31 itself, a double', [2 ** 31, 1], 2 ** 31 + 1],
    ['fractions beside whole numbers', [0.5, 1, 0.25, big, 2], 0.75 + big + 3],
    ['negative numbers, of signed measures', [5, -3, -(2 ** 31), 1], 5 - 3 - 2 ** 31 + 1],
    ['a negative number first', [-1, 5], 4],
    ['up to 2^53', [2 ** 53 - 2, 1], 2 ** 53 - 1],
  ])('%s', (_what, values, expected) => check(values, expected))

  test('of any integers are exact', () => {
    const whole = fc.oneof(fc.nat({ max: 100 }), fc.integer({ min: 0, max: big }), fc.integer({ min: 0, max: 2 ** 40 }))
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 300 }), (values) =>
        check(
          values,
          values.reduce((sum, value) => sum + value, 0),
        ),
      ),
      { seed: 3 },
    ) // prettier-ignore
  })

  test('that would be infinite are refused', () => {
    const cells = new SumCells(ROWS)
    expect([1e308, 1e308, 5, -1e308].map((value) => cells.record(1, value))).toEqual([true, false, true, true])
    expect(cells.value(1)).toBe(5)
  })

  test('of ten million tenths are exact to a billionth', () => {
    const cells = new SumCells(ROWS)
    for (let n = 0; n < 1e7; n++) cells.record(1, 0.1)
    expect(Math.abs(cells.value(1) - 1e6) / 1e6).toBeLessThan(1e-9)
  })
})

test('counts count any values, past 2^31 too', () => {
  const cells = new CountCells(ROWS)
  for (const value of [0, 0.5, 1e308, 1e308, -7]) expect(cells.record(1, value)).toBe(true)
  expect(cells.value(1)).toBe(5)
  cells.slots[1] = 2 ** 31 - 1
  cells.record(1, 9)
  cells.record(1, 9)
  expect(cells.value(1)).toBe(2 ** 31 + 1)
})

describe('last values', () => {
  test('accept any number', () => {
    const cells = new LastValueCells(ROWS)
    const taken = [1, -5, Infinity, -Infinity, NaN, 5e-324].map((value) => [cells.record(1, value), cells.value(1)])
    expect(taken).toEqual([1, -5, Infinity, -Infinity, NaN, 5e-324].map((value) => [true, value]))
  })

  test.each<[number, number, boolean, number]>([
    [1, 2, true, 3],
    [1, -2, true, -1],
    [1e308, 1e308, false, 1e308],
    [Infinity, 1, true, Infinity],
    [NaN, 1, true, NaN],
  ])('%d and %d added: %s, %d', (before, value, taken, after) => {
    const cells = new LastValueCells(ROWS)
    cells.record(1, before)
    expect([cells.add(1, value), cells.value(1)]).toEqual([taken, after])
  })
})

describe('distributions', () => {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.double({ min: -100, max: 100, noNaN: true }),
    fc.double({ min: 0, max: 1e9, noNaN: true }),
  )
  const bounds = fc
    .uniqueArray(
      fc.double({ min: -100, max: 100, noNaN: true }).map((bound) => bound + 0),
      { maxLength: 30 },
    )
    .map((all) => all.sort((a, b) => a - b)) // prettier-ignore

  function recorded(limits: readonly number[], values: readonly number[]): DistributionCells {
    const cells = distribution(limits)
    for (const one of values) cells.record(1, one)
    return cells
  }

  test('have buckets that add up to the count, each value in the first whose bound is not below it', () => {
    fc.assert(
      fc.property(bounds, fc.array(value, { maxLength: 100 }), (limits, values) => {
        const expected = Array.from({ length: limits.length + 1 }, () => 0)
        for (const one of values) {
          const at = limits.findIndex((bound) => one <= bound)
          expected[at < 0 ? limits.length : at]!++
        }
        const cells = recorded(limits, values)
        expect(buckets(cells, limits)).toEqual(expected)
        expect(cells.count(1)).toBe(values.length)
      }),
      { seed: 4, numRuns: 200 },
    )
  })

  test('have the count, sum and squared deviations of a two-pass model', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), fc.constantFrom(0, 1e6, -1e4), (raw, offset) => {
        const values = raw.map((one) => one + offset)
        const cells = recorded([], values)
        const mean = values.reduce((sum, one) => sum + one, 0) / values.length
        const deviations = values.reduce((sum, one) => sum + (one - mean) ** 2, 0)
        const scale = values.reduce((sum, one) => sum + one * one, 0)
        expect(cells.count(1)).toBe(values.length)
        expect(Math.abs(cells.value(1) - mean * values.length)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.sqrt(scale * values.length)))
        expect(Math.abs(cells.sumOfSquaredDeviation(1) - deviations)).toBeLessThanOrEqual(1e-9 * Math.max(deviations, 1e-6 * scale, 1e-9))
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  test('stay exact if sums of squares would cancel', () => {
    const cells = recorded([], [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])
    expect(cells.sumOfSquaredDeviation(1)).toBe(90)
  })

  test('do not depend on the order of integers, except for the rounding of deviations', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1_000 }), { maxLength: 60 }), fc.infiniteStream(fc.nat()), (values, random) => {
        const order = [...values].map((one) => [random.next().value as number, one] as const).sort(([a], [b]) => a - b)
        const [one, other] = [
          recorded([10, 100], values),
          recorded(
            [10, 100],
            order.map(([, shuffled]) => shuffled),
          ),
        ] // prettier-ignore
        expect([other.count(1), other.value(1), buckets(other, [10, 100])]).toEqual([one.count(1), one.value(1), buckets(one, [10, 100])])
        expect(other.sumOfSquaredDeviation(1)).toBeCloseTo(one.sumOfSquaredDeviation(1), 4)
      }),
      { seed: 6 },
    )
  })

  test('refuse a value that would make the sum infinite, in the buckets too', () => {
    const cells = distribution([1])
    expect([1e308, 1e308].map((one) => cells.record(1, one))).toEqual([true, false])
    expect([cells.count(1), cells.value(1), buckets(cells, [1])]).toEqual([1, 1e308, [0, 1]])
  })

  test('carry a bucket over at 2^31', () => {
    const cells = distribution([1])
    const full = Object.assign(distribution([1]), {}) // a donor whose bucket stands at the limit
    full.record(1, 0.5)
    vi.spyOn(full, 'bucket').mockImplementation((_cell, at) => (at === 0 ? 2 ** 31 - 1 : 2 ** 33 + 5))
    cells.copy(1, full, 1)
    expect(buckets(cells, [1])).toEqual([2 ** 31 - 1, 2 ** 33 + 5])
    cells.record(1, 0.5)
    cells.record(1, 0.5)
    cells.record(1, 2)
    expect(buckets(cells, [1])).toEqual([2 ** 31 + 1, 2 ** 33 + 6])
    cells.clear(1)
    expect(buckets(cells, [1])).toEqual([0, 0])
  })

  test('carry each bucket over separately, value by value', () => {
    const cells = distribution([1])
    const full = distribution([1])
    vi.spyOn(full, 'bucket').mockImplementation(() => 2 ** 31 - 2)
    cells.copy(1, full, 1)
    for (let n = 1; n < 4; n++) {
      cells.record(1, 0.5)
      expect(buckets(cells, [1])).toEqual([2 ** 31 - 2 + n, 2 ** 31 - 2])
    }
    cells.record(1, 2)
    cells.record(1, 2)
    expect(buckets(cells, [1])).toEqual([2 ** 31 + 1, 2 ** 31])
    expect([0, 2, 3].map((cell) => buckets(cells, [1], cell))).toEqual(Array(3).fill([0, 0]))
  })

  test('cannot be copied from another kind', () => {
    expect(() => distribution().copy(1, new SumCells(ROWS), 1)).toThrow('BUG: copied a distribution from another kind')
  })

  test('are copied with buckets of any size', () => {
    const sizes = [1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5, 2 ** 31 + 2 ** 30 + 5, 2 ** 32 - 1, 2 ** 32 + 7, 2 ** 40 + 2 ** 31 + 3]
    const bounds = sizes.slice(1).map((_, at) => at)
    const [cells, full] = [distribution(bounds), distribution(bounds)]
    vi.spyOn(full, 'bucket').mockImplementation((_cell, at) => sizes[at]!)
    cells.copy(1, full, 1)
    expect(buckets(cells, bounds)).toEqual(sizes)
    cells.record(1, 0)
    cells.record(1, 100)
    expect(buckets(cells, bounds)).toEqual([2, ...sizes.slice(1, -1), sizes.at(-1)! + 1])
  })
})

describe('exemplars', () => {
  let sampled: Record<string, string> | undefined = { trace_id: 't1' }
  const span: FrameSpan = { exemplarLabels: () => sampled }
  const inSpan = (fn: () => void) => runInFrame({ ...EMPTY_FRAME, span }, fn)
  afterEach(() => {
    contextState.openSampledSpans = 0
    sampled = { trace_id: 't1' }
  })

  test('are the attachments, newest first, one a bucket, with the time', () => {
    const cells = distribution([1])
    for (const [one, id] of [
      [0.5, 'a'],
      [0.7, 'b'],
      [5, 'c'],
    ] as const) {
      // prettier-ignore
      cells.record(1, one)
      cells.attach(1, one, { id })
      clock.advance(10)
    }
    const startMs = clock.unixMs() - 30
    expect([cells.exemplar(1, 0), cells.exemplar(1, 1), cells.exemplar(0, 0)]).toEqual([
      { value: 0.7, timeUnixMs: startMs + 10, attachments: { id: 'b' } },
      { value: 5, timeUnixMs: startMs + 20, attachments: { id: 'c' } },
      undefined,
    ])
    expect(Object.isFrozen(cells.exemplar(1, 0))).toBe(true)
  })

  test('stay if values without attachments follow', () => {
    const cells = distribution()
    cells.record(1, 1)
    cells.attach(1, 1, { id: 'a' })
    cells.record(1, 2)
    expect(cells.exemplar(1, 0)?.value).toBe(1)
  })

  test('are those of the first sampled span of a bucket since the last gathering', () => {
    const cells = distribution([10])
    contextState.openSampledSpans = 1
    inSpan(() => [1, 2, 20, 3, 30].map((one) => cells.record(1, one)))
    expect([0, 1].map((at) => cells.exemplar(1, at)?.value)).toEqual([1, 20])
    epochs.advance()
    inSpan(() => cells.record(1, 3))
    expect([0, 1].map((at) => cells.exemplar(1, at)?.value)).toEqual([3, 20])
    expect(Object.isFrozen(cells.exemplar(1, 0))).toBe(true)
  })

  test('of a cleared row are set again, also before the next gathering', () => {
    const first = new EpochLog(clock)
    const cells = new DistributionCells(ROWS, new BucketSearch([]), first)
    contextState.openSampledSpans = 1
    expect(first.current).toBe(1)
    inSpan(() => cells.record(1, 5))
    cells.clear(1)
    inSpan(() => cells.record(1, 6))
    expect(cells.exemplar(1, 0)?.value).toBe(6)
  })

  test('are not looked up while no sampled span is open, and not found outside of one', () => {
    const cells = distribution()
    const asked = vi.spyOn(span, 'exemplarLabels')
    inSpan(() => cells.record(1, 1))
    expect(asked).not.toHaveBeenCalled()
    contextState.openSampledSpans = 1
    cells.record(1, 1)
    sampled = undefined
    inSpan(() => cells.record(1, 1))
    expect(cells.exemplar(1, 0)).toBe(undefined)
    sampled = { trace_id: 't2' }
    inSpan(() => cells.record(1, 4))
    expect(cells.exemplar(1, 0)).toMatchObject({ value: 4, attachments: { trace_id: 't2' } })
    asked.mockRestore()
  })

  test('of an ending span are its own, even if another span is current', () => {
    const cells = distribution()
    contextState.openSampledSpans = 1
    contextState.endingSpan = { exemplarLabels: () => ({ trace_id: 'ending' }) }
    inSpan(() => cells.record(1, 1))
    contextState.endingSpan = undefined
    expect(cells.exemplar(1, 0)?.attachments).toEqual({ trace_id: 'ending' })
  })

  test('that are attached replace those of a span, and are not replaced by one in the same epoch', () => {
    const cells = distribution()
    contextState.openSampledSpans = 1
    inSpan(() => cells.record(1, 1))
    cells.attach(1, 2, { id: 'mine' })
    inSpan(() => cells.record(1, 3))
    expect(cells.exemplar(1, 0)?.attachments).toEqual({ id: 'mine' })
  })

  test('of a sum have the value, of a count 1, last values have none', () => {
    const [sum, count, last] = [new SumCells(ROWS), new CountCells(ROWS), new LastValueCells(ROWS)]
    for (const cells of [sum, count, last]) (cells as Cells).attach(1, 7, { id: 'a' }, epochs)
    expect([sum.exemplar(1)?.value, count.exemplar(1)?.value, last.exemplar()]).toEqual([7, 1, undefined])
    sum.attach(2, 8, { id: 'b' }, epochs)
    expect([1, 2].map((cell) => sum.exemplar(cell)?.attachments)).toEqual([{ id: 'a' }, { id: 'b' }])
  })
})
