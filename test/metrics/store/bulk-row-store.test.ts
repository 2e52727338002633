import { expect, test } from 'vitest'
import { BulkRowStore } from '../../../src/metrics/store/bulk-row-store.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { NO_ROW } from '../../../src/metrics/store/row-index.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { fc } from '../../fast-check.js'

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']
type Labels = readonly (string | undefined)[]

/** A store, and its rows by the strings of their labels. */
function setUp(width: number, rowLimit = 10_000) {
  const home = { epochs: new EpochLog(new ManualClock()), budget: { used: 0, limit: 100_000 }, rowLimit, valueLength: 256 }
  const store = new BulkRowStore({ ...home, name: 'bulk', labelKeys: KEYS.slice(0, width), isRecorded: false })
  const idsOf = (all: readonly Labels[], idOf: (label: number, text: string | undefined) => number): Int32Array[] =>
    store.labelKeys.map((_, label) => Int32Array.from(all, (labels) => idOf(label, labels[label])))
  return {
    store,
    /** The labels of the rows that are found, undefined for those that are not there. */
    find(all: readonly Labels[]): (Labels | undefined)[] {
      const rows = new Int32Array(all.length)
      store.findAll(
        idsOf(all, (label, text) => store.index.idOf(label, text)),
        rows,
      )
      return Array.from(rows, (row) => (row === NO_ROW ? undefined : store.labelTexts(row)))
    },
    make(all: readonly Labels[]): void {
      const ids = idsOf(all, (label, text) => (text === undefined ? 0 : store.index.internId(label, text)))
      const rows = new Int32Array(all.length)
      store.findAll(ids, rows)
      store.makeAll(ids, rows, new Float64Array(all.length).fill(7))
      expect(Array.from(rows, (row) => store.labelTexts(row))).toEqual(all)
    },
  }
}

const text = fc.option(
  fc.nat(70).map((n) => `v${n}`),
  { nil: undefined },
)
const program = fc.nat(KEYS.length).chain((width) => {
  const labels = fc.tuple(...KEYS.slice(0, width).map(() => text)) as fc.Arbitrary<Labels>
  const act = fc.record({ do: fc.constantFrom('make', 'find', 'one', 'remove'), all: fc.array(labels, { maxLength: 90, size: 'max' }) })
  return fc.record({ width: fc.constant(width), acts: fc.array(act, { maxLength: 8 }) })
})

test('rows that are made together are those that are made one by one', { timeout: 60_000 }, () => {
  const property = fc.property(program, ({ width, acts }) => {
    const { store, find, make } = setUp(width)
    const known = new Map<string, Labels>()
    const keyOf = (labels: Labels): string => JSON.stringify(labels)
    for (const { do: what, all } of acts) {
      if (what === 'find') expect(find(all)).toEqual(all.map((labels) => known.get(keyOf(labels))))
      if (what === 'remove') {
        const rows = new Set(all.map((labels) => store.index.findValues(labels)).filter((row) => row !== NO_ROW))
        expect(store.remove(rows)).toBe(rows.size)
        for (const labels of all) known.delete(keyOf(labels))
      }
      const makes = what === 'one' || (what === 'make' && !store.canMake(all.length))
      if (makes) for (const labels of all) store.findOrCreateByValues(labels)
      else if (what === 'make') make(all)
      if (what === 'one' || what === 'make') for (const labels of all) known.set(keyOf(labels), labels)
      expect(store.size).toBe(known.size)
    }
    expect(find([...known.values()])).toEqual([...known.values()])
  })
  fc.assert(property, { numRuns: 300 })
})

test('rows cannot be made together beyond the limit, or while removed ones are used again', () => {
  const { store, make } = setUp(1, 3)
  expect([store.canMake(3), store.canMake(4)]).toEqual([true, false])
  make([['x'], ['y']])
  expect([store.canMake(1), store.canMake(2)]).toEqual([true, false])
  store.remove(new Set([0]))
  expect(store.canMake(1)).toBe(false)
})
