import { expect, test } from 'vitest'
import { DistributionBackedCells } from '../../../src/metrics/cells/distribution-backed-cells.js'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'
import { COUNT, DISTRIBUTION, LAST_VALUE, NO_SLOTS, OTHER, SUM } from '../../../src/metrics/cells/cell-kinds.js'
import { DistributionCells } from '../../../src/metrics/cells/distribution-cells.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { LastValueCells } from '../../../src/metrics/cells/last-value-cells.js'
import { StoreChunk } from '../../../src/metrics/store/store-chunk.js'
import { CountCells, SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const epochs = new EpochLog(new ManualClock())
const chunkOf = (index = 0) => new StoreChunk(index, epochs, false, 0)
const shortCuts = ({ kind, slots, distribution }: StoreChunk) => ({ kind, slots, distribution })

test('a single column of counts, sums or distributions is recorded into without a call', () => {
  const [sums, counts] = [new SumCells(32), new CountCells(32)]
  const distribution = new DistributionCells(32, new BucketSearch([1]), epochs)
  const last = new LastValueCells(32)
  const found = [sums, counts, distribution, last].map((cells) => {
    const chunk = chunkOf()
    chunk.addColumn(cells)
    return shortCuts(chunk)
  })
  expect(found).toEqual([
    { kind: SUM, slots: sums.slots, distribution: undefined },
    { kind: COUNT, slots: counts.slots, distribution: undefined },
    { kind: DISTRIBUTION, slots: NO_SLOTS, distribution },
    { kind: LAST_VALUE, slots: NO_SLOTS, distribution: undefined },
  ])
  expect([found[0]!.slots === sums.slots, found[1]!.slots === counts.slots, found[2]!.distribution === distribution]).toEqual([
    true,
    true,
    true,
  ])
})

test('several columns or none are not, and a remaining one is again', () => {
  const chunk = chunkOf()
  const nothing = { kind: OTHER, slots: NO_SLOTS, distribution: undefined }
  expect(shortCuts(chunk)).toEqual(nothing)
  const [sums, counts] = [new SumCells(32), new CountCells(32)]
  chunk.addColumn(sums)
  chunk.addColumn(counts)
  expect([shortCuts(chunk), chunk.columns]).toEqual([nothing, [sums, counts]])
  chunk.removeColumn(0)
  expect(chunk.columns).toEqual([counts])
  expect([chunk.kind, chunk.slots === counts.slots]).toEqual([COUNT, true])
  chunk.removeColumn(0)
  expect(shortCuts(chunk)).toEqual(nothing)
})

test('backed columns are not recorded into, and get their own cells when their distribution is removed', () => {
  const chunk = chunkOf()
  const [one, other] = [1, 2].map((bound) => new DistributionCells(32, new BucketSearch([bound]), epochs))
  const last = new LastValueCells(32)
  const [count, sum] = [new DistributionBackedCells(one!, 'count'), new DistributionBackedCells(other!, 'sum')]
  for (const cells of [count, one!, last, sum, other!]) chunk.addColumn(cells)
  expect([chunk.recorded, chunk.backed]).toEqual([
    [1, 2, 4],
    [[], [0], [], [], [3]],
  ])
  chunk.removeColumn(1)
  expect(chunk.columns[0]).toBeInstanceOf(CountCells)
  expect([chunk.columns.slice(1), chunk.recorded]).toEqual([
    [last, sum, other],
    [0, 1, 3],
  ])
  chunk.removeColumn(1)
  chunk.removeColumn(0)
  expect([chunk.columns, chunk.recorded, chunk.distribution]).toEqual([[sum, other], [1], other])
})

test('a chunk begins without rows, with room according to its number', () => {
  for (const [index, start, rows] of [
    [0, 0, 32],
    [1, 32, 32],
    [5, 512, 512],
  ] as const) {
    const chunk = chunkOf(index)
    expect([chunk.start, chunk.rows, chunk.size, chunk.version]).toEqual([start, rows, 0, 0])
    expect([chunk.lastEpochs, chunk.startTimesUnixMs].map((all) => [all.length, all.every((one) => one === 0)])).toEqual([
      [rows, true],
      [rows, true],
    ])
  } // prettier-ignore
  expect([chunkOf().sketched, new StoreChunk(0, epochs, true, 0).sketched]).toEqual([false, true])
})
