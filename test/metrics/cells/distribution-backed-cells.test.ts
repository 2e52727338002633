import { expect, test } from 'vitest'
import { DistributionBackedCells } from '../../../src/metrics/cells/distribution-backed-cells.js'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'
import { DistributionCells } from '../../../src/metrics/cells/distribution-cells.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { CountCells, SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const epochs = new EpochLog(new ManualClock({ unixMs: 5 }))

function backedCells(part: 'count' | 'sum'): { distribution: DistributionCells; cells: DistributionBackedCells } {
  const distribution = new DistributionCells(4, new BucketSearch([1, 2]), epochs)
  return { distribution, cells: new DistributionBackedCells(distribution, part) }
}

test('counts and sums equal those of the distribution', () => {
  const { distribution, cells } = backedCells('count')
  const sums = new DistributionBackedCells(distribution, 'sum')
  for (const value of [0.5, 1.5, 7]) distribution.record(2, value)
  expect([cells.value(2), sums.value(2), cells.value(0), sums.value(0)]).toEqual([3, 9, 0, 0])
})

test('values that the distribution refuses are counted, and refused by the sum', () => {
  const { distribution, cells } = backedCells('count')
  distribution.record(1, 1e308)
  expect([distribution.record(1, 1e308), cells.record(1), new DistributionBackedCells(distribution, 'sum').record(1)]).toEqual([
    false,
    true,
    false,
  ])
  expect(cells.value(1)).toBe(2)
})

test('each row is separate', () => {
  const { cells } = backedCells('count')
  for (const cell of [0, 1, 1]) cells.record(cell)
  for (const cell of [0, 1]) cells.attach(cell, 3, { cell: String(cell) }, epochs)
  expect([0, 1, 2].map((cell) => cells.value(cell))).toEqual([1, 2, 0])
  expect([0, 1, 2].map((cell) => cells.exemplar(cell)?.attachments)).toEqual([{ cell: '0' }, { cell: '1' }, undefined])
})

test('a cleared row has neither counts nor exemplars', () => {
  const { cells } = backedCells('count')
  cells.record(1)
  cells.attach(1, 3, { trace_id: 'a' }, epochs)
  expect([cells.value(1), cells.exemplar(1)]).toEqual([1, { value: 1, timeUnixMs: 5, attachments: { trace_id: 'a' } }])
  cells.clear(1)
  expect([cells.value(1), cells.exemplar(1)]).toEqual([0, undefined])
})

test('the exemplar of a sum is the value', () => {
  const { cells } = backedCells('sum')
  cells.attach(1, 3, { trace_id: 'a' }, epochs)
  expect(cells.exemplar(1)?.value).toBe(3)
})

test('backed cells have no buckets, deviations or counts of a distribution', () => {
  const { distribution, cells } = backedCells('count')
  distribution.record(0, 1)
  expect([cells.count(), cells.bucket(), cells.sumOfSquaredDeviation()]).toEqual([0, 0, 0])
})

test.each([
  ['count', CountCells, [1, 2, 0, 0]],
  ['sum', SumCells, [0.5, 2 ** 31 + 1, 0, 0]],
] as const)('the %s continues in its own cells when the distribution is removed', (part, kind, values) => {
  const { distribution, cells } = backedCells(part)
  distribution.record(0, 0.5)
  for (const value of [1, 2 ** 31]) distribution.record(1, value)
  cells.attach(1, 1, { trace_id: 'a' }, epochs)
  const own = cells.independent(4)
  expect(own).toBeInstanceOf(kind)
  expect([0, 1, 2, 3].map((cell) => own.value(cell))).toEqual(values)
  own.record(1, 2)
  expect([own.value(1) - cells.value(1), own.exemplar(1, 0)]).toEqual([part === 'sum' ? 2 : 1, cells.exemplar(1)])
})

test('copying into backed cells is refused', () => {
  const { cells } = backedCells('sum')
  expect(() => cells.copy()).toThrow('BUG')
})
