import { describe, expect, test } from 'vitest'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { dropped, registryOf } from './registry-fixture.js'

let cumulatives = 0

function setUp(options: { type?: 'double' | 'int64' } = {}) {
  const { registry, rows, clock } = registryOf()
  const name = `cumulative${cumulatives++}`
  const cumulative = registry.cumulative(name, { labelKeys: ['a'], ...options })
  return { cumulative, registry, clock, rows: () => rows(name), dropped: (reason: string) => dropped(name, reason) }
}

test('without label keys a cumulative is shown as 0 from the start', () => {
  const { registry, rows } = registryOf()
  const cumulative = registry.cumulative('c')
  expect(rows('c')).toEqual(['0'])
  cumulative.add()
  cumulative.add(2.5)
  expect(rows('c')).toEqual(['3.5'])
})

test('with label keys a cumulative has the used series', () => {
  const { cumulative, rows } = setUp()
  expect(rows()).toEqual([])
  cumulative.add(undefined, { a: 'x' })
  cumulative.add(0, { a: 'y' })
  expect(rows()).toEqual(['x 1', 'y 0'])
})

describe.each([
  [
    'by labels',
    ({ cumulative }: ReturnType<typeof setUp>) =>
      (value: unknown) =>
        cumulative.add(value as number, { a: 'x' }),
  ],
  [
    'by a kept series',
    ({ cumulative }: ReturnType<typeof setUp>) =>
      (
        (series) => (value: unknown) =>
          series.add(value as number)
      )(cumulative.timeSeries({ a: 'x' })),
  ],
])('%s', (_way, make) => {
  test('only increases, and other values are dropped and counted', () => {
    const made = setUp({ type: 'int64' })
    const add = make(made)
    for (const value of [5, 0, -0, 7n, -1, NaN, Infinity, -Infinity, 1.5, '5', null, -3n]) add(value)
    expect(made.rows()).toEqual(['x 12'])
    expect(['negative', 'nan', 'infinite', 'fraction', 'not a number'].map(made.dropped)).toEqual([3, 1, 1, 1, 2])
  })

  test('a value that would make the sum infinite is dropped', () => {
    const made = setUp()
    const add = make(made)
    add(Number.MAX_VALUE)
    add(Number.MAX_VALUE)
    expect([made.rows(), made.dropped('too large')]).toEqual([[`x ${Number.MAX_VALUE}`], 1])
  })

  test('a removed series starts again, at 0 and with a new start time', () => {
    const made = setUp()
    const add = make(made)
    add(5)
    made.cumulative.remove({ a: 'x' })
    made.clock.advance(500)
    add(1)
    const [metric] = made.registry.getMetrics() as readonly Metric[]
    expect(metric!.timeSeries).toEqual([{ labelValues: ['x'], startTimeUnixMs: 1_500, points: [{ timeUnixMs: 1_500, value: 1 }] }])
  })
}) // prettier-ignore

test('a retained series has a value; clear and partial removal remove series', () => {
  const { cumulative, rows } = setUp()
  const series = cumulative.timeSeries({ a: 'x' })
  series.add()
  cumulative.add(2, { a: 'y' })
  expect([series.value, cumulative.removeMatching({ a: 'y' }), rows()]).toEqual([1, 1, ['x 1']])
  cumulative.clear()
  expect([rows(), series.value]).toEqual([[], 0])
})
