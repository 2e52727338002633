import { expect, test, vi } from 'vitest'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { RowStore } from '../../../src/metrics/store/row-store.js'
import { SeriesPlace } from '../../../src/metrics/store/series-ref.js'
import { SumCells } from '../../../src/metrics/store/sum-cells.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { selfValue } from '../../exporters/self-value.js'

let stores = 0

function storeOf(rowLimit = 100) {
  const epochs = new EpochLog(new ManualClock())
  const name = `places ${stores++}`
  const store = new RowStore({ name, labelKeys: ['a'], rowLimit, budget: { used: 0, limit: 1_000 }, valueLength: 256, epochs })
  store.addColumn((rows, kind) => new SumCells(rows, kind))
  return { store, epochs, overflowed: () => selfValue('tallyscope_overflowed_records_total', name) }
}

const rowOf = ({ chunk, cell }: SeriesPlace) => chunk.start + cell

test('a place has the row of its labels, in whichever chunk', () => {
  const { store } = storeOf()
  const places = Array.from({ length: 70 }, (_, a) => new SeriesPlace(store, { a }))
  for (const place of places) place.find()
  expect(places.map(rowOf)).toEqual(places.map((_, a) => store.peek({ a })))
  expect([places[40]!.chunk, places[40]!.cell]).toEqual([store.chunks[1], 8])
})

test('it marks its row as active in each epoch', () => {
  const { store, epochs } = storeOf()
  const place = new SeriesPlace(store, { a: 'x' })
  place.find()
  for (const way of ['find', 'locate'] as const) {
    epochs.advance()
    expect(place.chunk.marks[place.cell]).toBeLessThan(epochs.current)
    place[way]()
    expect(place.chunk.marks[place.cell]).toBe(epochs.current)
  }
})

test('it looks for its row only where rows have gone since', () => {
  const { store, epochs } = storeOf()
  const looked = vi.spyOn(store, 'place')
  const place = new SeriesPlace(store, { a: 'x' })
  for (let n = 0; n < 3; n++) {
    place.locate()
    place.locate()
    epochs.advance()
  }
  expect(looked).toHaveBeenCalledTimes(1)
  store.find({ a: 'other' })
  store.remove(store.matching({ a: 'other' }))
  looked.mockClear()
  place.locate()
  place.locate()
  expect(looked).toHaveBeenCalledTimes(1)
})

test('it makes its row anew where that was removed, also one that is made after others were', () => {
  const { store, epochs } = storeOf()
  store.find({ a: 'other' })
  store.find({ a: 'last' })
  store.remove(store.matching({ a: 'other' }))
  expect(epochs.structure).toBe(1)
  const place = new SeriesPlace(store, { a: 'x' })
  place.find()
  expect([rowOf(place), store.size]).toEqual([0, 2])
  store.clear()
  expect(store.peek({ a: 'x' })).toBe(-1)
  place.locate()
  expect([rowOf(place), store.size]).toEqual([store.peek({ a: 'x' }), 1])
})

test('beyond the limit each change of it is counted, reading it is not', () => {
  const { store, epochs, overflowed } = storeOf(1)
  const [first, other] = ['x', 'y'].map((a) => new SeriesPlace(store, { a })) as [SeriesPlace, SeriesPlace]
  for (let n = 0; n < 2; n++) {
    for (const place of [first, other]) place.find()
    for (const place of [first, other, other]) place.locate()
    epochs.advance()
  }
  expect([rowOf(first), rowOf(other) === store.overflowRow, overflowed()]).toEqual([0, true, 4])
})
