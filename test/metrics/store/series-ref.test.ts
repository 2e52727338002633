import { expect, test, vi } from 'vitest'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { RowStore } from '../../../src/metrics/store/row-store.js'
import { SeriesRef } from '../../../src/metrics/store/series-ref.js'
import { SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { selfValue } from '../../exporters/self-value.js'

let stores = 0

function storeOf(rowLimit = 100) {
  const epochs = new EpochLog(new ManualClock())
  const name = `places ${stores++}`
  const store = new RowStore({ name, labelKeys: ['a'], rowLimit, budget: { used: 0, limit: 1_000 }, valueLength: 256, epochs })
  store.addColumn((rows) => new SumCells(rows))
  return { store, epochs, overflowed: () => selfValue('tallyscope_overflowed_records_total', name) }
}

const rowOf = ({ chunk, cell }: SeriesRef) => chunk.start + cell

test('a reference has the row of its labels, in any chunk', () => {
  const { store } = storeOf()
  const places = Array.from({ length: 70 }, (_, a) => new SeriesRef(store, { a }))
  expect(places.map(rowOf)).toEqual(places.map((_, a) => store.lookup({ a })))
  expect([places[40]!.chunk, places[40]!.cell]).toEqual([store.chunks[1], 8])
})

test('a reference sets the epoch of its row at each change', () => {
  const { store, epochs } = storeOf()
  const place = new SeriesRef(store, { a: 'x' })
  epochs.advance()
  expect(place.read((cells, cell) => cells.value(cell))).toBe(0)
  expect(place.chunk.lastEpochs[place.cell]).toBeLessThan(epochs.current)
  place.locate()
  expect(place.chunk.lastEpochs[place.cell]).toBe(epochs.current)
})

test('a reference looks its row up again only if that was removed', () => {
  const { store, epochs } = storeOf()
  const looked = vi.spyOn(store, 'findOrCreateByValues')
  const place = new SeriesRef(store, { a: 'x' })
  for (let n = 0; n < 3; n++) {
    place.locate()
    place.locate()
    epochs.advance()
  }
  expect(looked).toHaveBeenCalledTimes(1)
  store.find({ a: 'other' })
  looked.mockClear()
  store.remove(store.matching({ a: 'other' }))
  place.locate()
  expect(looked).toHaveBeenCalledTimes(0)
  store.remove(store.matching({ a: 'x' }))
  place.locate()
  place.locate()
  expect(looked).toHaveBeenCalledTimes(1)
})

test('a reference looks its row up again if the cell now has another row', () => {
  const { store } = storeOf()
  const place = new SeriesRef(store, { a: 'x' })
  store.remove(store.matching({ a: 'x' }))
  expect(store.find({ a: 'y' })).toBe(0)
  expect(place.read(() => 1)).toBe(0)
  place.locate()
  expect([rowOf(place), store.size]).toEqual([1, 2])
})

test('reading a series that was removed changes nothing', () => {
  const { store, epochs } = storeOf()
  const place = new SeriesRef(store, { a: 'x' })
  store.clear()
  const before = [store.generation, epochs.changes, store.size]
  expect(place.read(() => 1)).toBe(0)
  expect([store.generation, epochs.changes, store.size]).toEqual(before)
  store.find({ a: 'x' })
  expect(place.read(() => 1)).toBe(1)
})

test('a reference creates its row again after a removal, also one created after other removals', () => {
  const { store } = storeOf()
  store.find({ a: 'other' })
  store.find({ a: 'last' })
  store.remove(store.matching({ a: 'other' }))
  expect(store.generation).toBe(1)
  const place = new SeriesRef(store, { a: 'x' })
  expect([rowOf(place), store.size]).toEqual([0, 2])
  store.clear()
  expect(store.lookup({ a: 'x' })).toBe(-1)
  place.locate()
  expect([rowOf(place), store.size]).toEqual([store.lookup({ a: 'x' }), 1])
})

test('beyond the limit each change is counted, reading is not', () => {
  const { store, epochs, overflowed } = storeOf(1)
  const [first, other] = ['x', 'y'].map((a) => new SeriesRef(store, { a })) as [SeriesRef, SeriesRef]
  for (let n = 0; n < 2; n++) {
    for (const place of [first, other]) place.read(() => 1)
    for (const place of [first, other, other]) place.locate()
    epochs.advance()
  }
  expect([rowOf(first), rowOf(other) === store.overflowRow, overflowed()]).toEqual([0, true, 4])
})

test('a reference has the row of values in any form, recorded before in the same form or not', () => {
  const { store } = storeOf()
  const first = new SeriesRef(store, { a: 200 })
  const others = [{ a: 200 }, { a: '200' }, { a: 200n }, { a: '200', b: 'unknown' }]
  for (const labels of [...others, ...others]) expect(rowOf(new SeriesRef(store, labels))).toBe(rowOf(first))
  const unset = new SeriesRef(store, {})
  for (const labels of [{ a: '' }, { a: null }, { a: Number.NaN }, { a: {} }])
    expect(rowOf(new SeriesRef(store, labels))).toBe(rowOf(unset))
  expect(store.size).toBe(2)
})

test('a reference to an existing row creates it again with the same labels after a removal', () => {
  const { store } = storeOf()
  const long = 'x'.repeat(1_000)
  for (const a of ['x', 7, undefined, long]) {
    const places = [0, 1, 2].map(() => new SeriesRef(store, { a }))
    const text = store.labelTexts(rowOf(places[0]!))
    for (const place of places) {
      store.clear()
      place.locate()
      expect(store.labelTexts(rowOf(place))).toEqual(text)
    }
  }
})

test('a reference keeps the labels that the caller changes later, and reads each once if its row exists', () => {
  const { store } = storeOf()
  let reads = 0
  const labels = { get a() { return `value ${++reads}` } } // biome-ignore format: one line
  const changed = { a: 'x' }
  const place = new SeriesRef(store, changed)
  changed.a = 'y'
  store.clear()
  place.locate()
  expect(store.labelTexts(rowOf(place))).toEqual(['x'])
  store.find({ a: 'value 1' })
  expect(store.labelTexts(rowOf(new SeriesRef(store, labels)))).toEqual(['value 1'])
  expect(reads).toBe(1)
})
