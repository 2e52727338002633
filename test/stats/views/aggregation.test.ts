import { describe, expect, test } from 'vitest'
import { Stats } from '../../../src/stats/stats.js'
import { count, distribution, lastValue, percentiles, sum } from '../../../src/stats/views/aggregation.js'
import { View } from '../../../src/stats/views/view.js'

test('aggregations are frozen plain data', () => {
  const made = [count(), sum(), lastValue(), distribution([1, 2])]
  expect(made).toEqual([{ kind: 'count' }, { kind: 'sum' }, { kind: 'lastValue' }, { kind: 'distribution', bounds: [1, 2] }])
  expect(made.every(Object.isFrozen)).toBe(true)
})

describe('bucket bounds', () => {
  const boundsOf = (given: unknown) => (distribution(given as number[]) as { bounds: readonly number[] }).bounds

  test('are a frozen copy, without a final infinity, and with 0 for −0', () => {
    const mine = [-1, -0, 5e-324, 2, Infinity]
    const bounds = boundsOf(mine)
    mine[0] = 99
    expect(bounds).toEqual([-1, 0, 5e-324, 2])
    expect(Object.isFrozen(bounds)).toBe(true)
    expect(boundsOf([])).toEqual([])
    expect(boundsOf([Infinity])).toEqual([])
  })

  test('may have 512 entries', () => expect(boundsOf(Array.from({ length: 512 }, (_, at) => at))).toHaveLength(512))

  test.each<[string, unknown, string]>([
    ['equal', [1, 1], 'bucket bounds must be finite and increase: bound 1 is 1 after 1'],
    ['falling', [1, 5, 3], 'bucket bounds must be finite and increase: bound 2 is 3 after 5'],
    ['−0 after 0', [0, -0], 'bucket bounds must be finite and increase: bound 1 is 0 after 0'],
    ['NaN', [NaN], 'bucket bounds must be finite and increase: bound 0 is NaN'],
    ['infinite in the middle', [1, Infinity, 2], 'bucket bounds must be finite and increase: bound 1 is Infinity after 1'],
    ['minus infinity', [-Infinity, 0], 'bucket bounds must be finite and increase: bound 0 is -Infinity'],
    ['strings', [1, '2'], 'bucket bounds must be finite and increase: bound 1 is "2" after 1'],
    ['513', Array.from({ length: 513 }, (_, at) => at), 'at most 512 bucket bounds are allowed: 513 were given'],
    ['a hundred thousand', Array.from({ length: 1e5 }, (_, at) => at), 'at most 512 bucket bounds are allowed: 100000 were given'],
    ['no array', 5, 'bucket bounds must be an array, such as [0.1, 1]: they are 5'],
  ])('must not be %s', (_what, given, message) => {
    expect(() => boundsOf(given)).toThrow(expect.objectContaining({ code: 'ERR_BUCKET_BOUNDS', message }))
  })
})

describe('the range of percentiles', () => {
  test('without `lowest` depends on the unit of the measure, and is checked by the view', () => {
    const stats = new Stats()
    const aggregation = percentiles({ highest: 1e9 })
    const viewOf = (unit: string) => new View({ name: 'v', measure: stats.measure(unit, { unit }), aggregation })
    expect(viewOf('By').aggregation).toEqual(aggregation)
    expect(() => viewOf('s')).toThrow(expect.objectContaining({ code: 'ERR_PERCENTILES' }))
  })

  test('with `lowest` is checked at once', () => {
    const make = () => percentiles({ lowest: 1e-9, highest: 1e9 })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_PERCENTILES' }))
  })
})
