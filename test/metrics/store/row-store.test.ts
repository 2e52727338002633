import { describe, expect, test } from 'vitest'
import { internalMetrics } from '../../../src/base/internal-metrics.js'
import { DistributionBackedCells } from '../../../src/metrics/cells/distribution-backed-cells.js'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'
import type { Cells } from '../../../src/metrics/cells/cells.js'
import { DistributionCells } from '../../../src/metrics/cells/distribution-cells.js'
import { SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import type { Labels } from '../../../src/metrics/labels/shared-tag-map.js'
import type { RowBudget } from '../../../src/metrics/store/limits.js'
import { RowStore } from '../../../src/metrics/store/row-store.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { randomNumbers } from '../../exporters/random.js'
import { amount } from '../../faults/amount.js'
import { selfValue } from '../../exporters/self-value.js'

let stores = 0

/** A store of one column of sums. */
function storeOf(labelKeys: string[], { rowLimit = 100, budget = { used: 0, limit: 1_000 } as RowBudget, valueLength = 256 } = {}) {
  const clock = new ManualClock({ unixMs: 1_000 })
  const epochs = new EpochLog(clock)
  const name = `store ${stores++}`
  const store = new RowStore({ name, labelKeys, rowLimit, budget, valueLength, epochs })
  store.addColumn((rows) => new SumCells(rows))
  const add = (labels: unknown, value = 1) => {
    const row = store.find(labels as Labels)
    const chunk = store.chunkOf(row)
    chunk.lastEpochs[row - chunk.start] = epochs.current
    chunk.columns[0]!.record(row - chunk.start, value)
    return row
  }
  return { store, add, budget, clock, epochs, overflowed: () => selfValue('tallyscope_overflowed_records_total', name) }
}

/** Rows as label texts and value, the overflow row as `*`, in their order. */
function rowsOf(store: RowStore, column = 0): string[] {
  const rows: string[] = []
  store.forEachRow((row, chunk, cell) => {
    const texts = store.labelKeys.map((_, key) => store.labelText(row, key) ?? '-')
    rows.push(`${store.isOverflow(row) ? '*' : texts.join(' ')}=${chunk.columns[column]!.value(cell)}`)
  })
  return rows
}

test('rows are created when they are first looked up', () => {
  const { store, add } = storeOf(['a'])
  expect(store.lookup({ a: 'x' })).toBe(-1)
  expect([add({ a: 'x' }), add({ a: 'x' }), add({}), store.lookup({ a: 'x' }), store.lookup({ a: 7 })]).toEqual([0, 0, 1, 0, -1])
  expect([store.size, rowsOf(store)]).toEqual([2, ['x=2', '-=1']])
})

test('exactly the limit fits; further labels go to one row, are counted, and the total stays exact', () => {
  const { store, add, overflowed, budget } = storeOf(['a'], { rowLimit: 40 })
  for (let n = 0; n < 40; n++) add({ a: n })
  expect([store.size, store.overflowRow, overflowed()]).toEqual([40, -1, 0])
  for (let n = 0; n < 100; n++) add({ a: n })
  expect([store.size, overflowed(), budget.used]).toEqual([40, 60, 40])
  expect(rowsOf(store).filter((row) => row.startsWith('*'))).toEqual(['*=60'])
  expect(rowsOf(store)).toHaveLength(41)
})

test('a row counts once more for each 64 buckets in the limit of all, in every column', () => {
  const budget = { used: 0, limit: 20 }
  const { store, add } = storeOf(['a'], { budget })
  add({ a: 'before' })
  const search = new BucketSearch(Array.from({ length: 200 }, (_, at) => at))
  const wide = (rows: number) => new DistributionCells(rows, search, store.epochs)
  store.addColumn(wide, undefined, 200)
  expect(budget.used).toBe(4)
  for (let at = 0; at < 10; at++) add({ a: `${at}` })
  expect([store.size, budget.used]).toEqual([5, 20])
  store.removeColumn(1)
  expect(budget.used).toBe(5)
  store.dispose()
  expect(budget.used).toBe(0)
})

test('stores share a budget', () => {
  const budget = { used: 0, limit: 5 }
  const [one, other] = [storeOf(['a'], { budget }), storeOf(['a'], { budget })]
  for (let n = 0; n < 3; n++) for (const { add } of [one, other]) add({ a: n })
  expect([one.store.size, other.store.size, budget.used]).toEqual([3, 2, 5])
  expect([rowsOf(one.store), rowsOf(other.store)]).toEqual([
    ['0=1', '1=1', '2=1'],
    ['0=1', '1=1', '*=1'],
  ]) // prettier-ignore
  one.store.clear()
  other.add({ a: 9 })
  expect([rowsOf(other.store), budget.used]).toEqual([['0=1', '1=1', '*=1', '9=1'], 3])
})

test('looking up a handle counts no record', () => {
  const { store, overflowed } = storeOf(['a'], { rowLimit: 1 })
  expect([store.findOrCreate({ a: 1 }), store.findOrCreate({ a: 2 }), store.findOrCreate({ a: 3 }), overflowed()]).toEqual([0, 1, 1, 0])
  expect(store.find({ a: 4 })).toBe(1)
  expect(overflowed()).toBe(1)
})

test('a throwing getter leaves no row behind', () => {
  const { store, add, budget } = storeOf(['a', 'b'])
  const labels = {
    a: 'x',
    get b() {
      throw new Error('no')
    },
  } // prettier-ignore
  expect(() => add(labels)).toThrow('no')
  expect([rowsOf(store), store.size, budget.used]).toEqual([[], 0, 0])
})

test('a getter that returns other values each time makes no two rows with the same labels', () => {
  const { store, add } = storeOf(['a'])
  let turn = 0
  const labels = {
    get a() {
      return `v${turn++ % 3}`
    },
  } // prettier-ignore
  for (let n = 0; n < 30; n++) add(labels)
  const rows = rowsOf(store).map((row) => row.split('=')[0])
  expect(new Set(rows).size).toBe(rows.length)
})

test('a cut value is counted under the name of the store, once a row', () => {
  const { store, add } = storeOf(['a'], { valueLength: 3 })
  const cut = () => selfValue('tallyscope_cut_tag_values_total', `store ${stores - 1}`)
  for (const a of ['abc', 'abcd', 'abce', 'xyz!', 'xyz?']) add({ a })
  expect([store.size, cut()]).toEqual([2, 1])
  for (const a of [12_345, 123, 9_876n, true]) add({ a })
  expect([store.size, cut()]).toEqual([5, 4])
})

test('internal counters have a description', () => {
  const { description: overflowed, ...one } = internalMetrics.get('tallyscope_overflowed_records_total')!
  const { description: cut, ...other } = internalMetrics.get('tallyscope_cut_tag_values_total')!
  for (const family of [one, other]) expect(family).toMatchObject({ type: 'counter', unit: '1', labelKeys: ['store'] })
  expect([overflowed, cut]).toEqual([
    'Records that went to the overflow row because a limit of rows was reached.',
    'Tag values longer than the limit, cut when their row was made.',
  ])
})

test('rows are plain unless a store requests sketches', () => {
  const options = { name: 'kinds', labelKeys: [], rowLimit: 9, budget: { used: 0, limit: 9 }, valueLength: 9, epochs: storeOf([]).epochs }
  const stores = [new RowStore(options), new RowStore({ ...options, sketched: true })]
  for (const store of stores) {
    store.addColumn((rows) => new SumCells(rows))
    store.find({})
  }
  expect(stores.map(({ sketched, chunks }) => [sketched, chunks[0]!.sketched])).toEqual([
    [false, false],
    [true, true],
  ]) // prettier-ignore
})

describe('removal', () => {
  const three = () => {
    const made = storeOf(['a', 'b'])
    for (const labels of [{ a: 'x', b: 1 }, { a: 'x', b: 2 }, { a: 'y', b: 1 }, { b: 1 }]) made.add(labels) // prettier-ignore
    return made
  }

  test.each<[Labels, string[]]>([
    [{ a: 'x' }, ['x 1=1', 'x 2=1']],
    [{ b: 1 }, ['x 1=1', 'y 1=1', '- 1=1']],
    [{ b: '1' }, ['x 1=1', 'y 1=1', '- 1=1']],
    [{ a: 'x', b: 2 }, ['x 2=1']],
    [{ a: undefined }, ['- 1=1']],
    [{ a: '' }, ['- 1=1']],
    [{ a: NaN }, ['- 1=1']],
    [{}, ['x 1=1', 'x 2=1', 'y 1=1', '- 1=1']],
    [{ a: 'z' }, []],
    [{ c: 'x' }, []],
    [{ a: 'x', c: 'x' }, []],
    [{ a: { toString: () => 'x' } }, []],
  ])('of %j', (labels, gone) => {
    const { store, budget } = three()
    const before = rowsOf(store)
    expect(store.remove(store.matching(labels))).toBe(gone.length)
    expect(rowsOf(store)).toEqual(before.filter((row) => !gone.includes(row)))
    expect([store.size, budget.used]).toEqual([4 - gone.length, 4 - gone.length])
  })

  test('finds a string that was cut', () => {
    const { store, add } = storeOf(['a'], { valueLength: 3 })
    add({ a: 'abcdef' })
    expect(store.remove(store.matching({ a: 'abcxyz' }))).toBe(1)
  })

  test('never removes the overflow row, clear does', () => {
    const { store, add } = storeOf(['a'], { rowLimit: 1 })
    add({ a: 1 })
    add({ a: 2 })
    expect(store.remove(store.matching({}))).toBe(1)
    expect(rowsOf(store)).toEqual(['*=1'])
    store.clear()
    expect([rowsOf(store), store.overflowRow]).toEqual([[], -1])
    add({ a: 3 })
    expect(rowsOf(store)).toEqual(['3=1'])
  })

  test('frees the cell; returning labels begin at 0, with a new start time', () => {
    const { store, add, clock } = storeOf(['a'])
    const row = add({ a: 1 }, 7)
    const before = store.generation
    store.clear()
    expect(store.generation).toBeGreaterThan(before)
    clock.advance(500)
    expect(add({ a: 1 })).toBe(row)
    expect(rowsOf(store)).toEqual(['1=1'])
    expect(store.chunkOf(row).startTimesUnixMs[0]).toBe(1_500)
  })

  test('and creation change the version of the chunk, recording does not', () => {
    const { store, add } = storeOf(['a'])
    const versions = [add({ a: 1 }), add({ a: 1 }), store.clear()].map(() => store.chunks[0]!.version)
    add({ a: 1 })
    const later = store.chunks[0]!.version
    add({ a: 1 })
    expect([later > versions[2]!, store.chunks[0]!.version]).toEqual([true, later])
  })

  test('of nothing changes nothing, so that handles need no new lookup', () => {
    const { store, epochs } = three()
    const before = [store.generation, epochs.changes]
    expect([store.remove(new Set()), store.remove(store.matching({ a: 'none' }))]).toEqual([0, 0])
    expect([store.generation, epochs.changes]).toEqual(before)
  })

  test('of the overflow row alone is reported too', () => {
    const { store, add } = storeOf(['a'], { rowLimit: 1 })
    add({ a: 1 })
    add({ a: 2 })
    store.remove(store.matching({}))
    const before = store.generation
    store.clear()
    expect(store.generation).toBe(before + 1)
    store.clear()
    expect(store.generation).toBe(before + 1)
  })

  test('and creation again change the version of a chunk to a new one', () => {
    const { store, add } = storeOf(['a'])
    const versions: number[] = []
    for (let n = 0; n < 5; n++) {
      add({ a: n })
      versions.push(store.chunks[0]!.version)
      store.remove(store.matching({ a: n }))
      versions.push(store.chunks[0]!.version)
    }
    expect(new Set(versions).size).toBe(10)
  })
})

test('a chunk has the number of its used cells, unused ones between them included', () => {
  const { store, add } = storeOf(['a'])
  const sizes = () => store.chunks.map(({ size }) => size)
  const seen = Array.from({ length: 34 }, (_, a) => (add({ a }), sizes()))
  expect([seen[0], seen[1], seen[2], seen[31], seen[32], seen[33]]).toEqual([[1], [2], [3], [32], [32, 1], [32, 2]])
  store.remove(store.matching({ a: 0 }))
  expect(sizes()).toEqual([32, 2])
})

describe('creations', () => {
  const creationsOf = (store: RowStore) => {
    const creations: number[] = []
    store.forEachRow((_row, chunk, cell) => creations.push(chunk.createdIn(cell)))
    return creations
  }

  test('distinguish rows made after removals, and are equal for rows of one time', () => {
    const { store, add, epochs } = storeOf(['a'])
    const start = store.generation
    for (let n = 0; n < 40; n++) add({ a: n })
    epochs.advance()
    for (let n = 40; n < 50; n++) add({ a: n })
    expect([creationsOf(store), store.chunks.map(({ newestGeneration }) => newestGeneration)]).toEqual([
      Array(50).fill(start),
      [start, start],
    ])
    store.remove(store.matching({ a: 3 }))
    store.remove(store.matching({ a: 35 }))
    expect(store.chunks.map(({ newestGeneration }) => newestGeneration)).toEqual([start, start])
    expect([add({ a: 3 }), add({ a: 3 }), add({ a: 50 })]).toEqual([35, 35, 3])
    expect(creationsOf(store)).toEqual(Array.from({ length: 50 }, (_, n) => (n === 3 || n === 35 ? start + 2 : start)))
    expect(store.chunks.map(({ newestGeneration }) => newestGeneration)).toEqual([start + 2, start + 2])
    for (let n = 51; n < 70; n++) add({ a: n })
    expect([store.chunks[2]!.createdIn(0), store.chunks[2]!.newestGeneration]).toEqual([start + 2, start + 2])
  })

  test('are right for any order of creation and removal, including the overflow row and copies', () => {
    const random = randomNumbers(5)
    const pick = (below: number) => Math.floor(random() * below)
    const { store, add, epochs } = storeOf(['a'], { rowLimit: 100 })
    const born = new Map<number, number>()
    for (let turn = 0; turn < 1_500; turn++) {
      const way = random()
      if (way < 0.9) {
        const row = add({ a: pick(120) })
        if (!born.has(row)) born.set(row, store.generation)
      } else if (way < 0.99) {
        const rows = store.matching({ a: pick(120) })
        store.remove(rows)
        for (const row of rows) born.delete(row)
      } else if (way < 0.992) {
        store.clear()
        born.clear()
      } else epochs.countChange()
      const rows = [...born].sort(([a], [b]) => a - b)
      expect(creationsOf(store)).toEqual(rows.map(([, generation]) => generation))
      expect(rows.filter(([row, generation]) => store.chunkOf(row).newestGeneration < generation)).toEqual([])
    }
    const into = new RowStore({
      name: 'copy',
      labelKeys: ['a'],
      rowLimit: 100,
      budget: { used: 0, limit: 1_000 },
      valueLength: 256,
      epochs,
    })
    into.addColumn((rows) => new SumCells(rows))
    store.copyColumn(0, into)
    expect(new Set(creationsOf(into))).toEqual(new Set([into.generation]))
  })
})

describe('columns', () => {
  const another = (store: RowStore) => store.addColumn((rows) => new SumCells(rows))

  test('are added to existing rows, and removed again', () => {
    const { store, add } = storeOf(['a'])
    for (let n = 0; n < 50; n++) add({ a: n })
    expect([another(store), store.chunks[0]!.columns.length]).toEqual([1, 2])
    add({ a: 50 })
    for (const chunk of store.chunks) expect(chunk.columns).toHaveLength(2)
    store.forEachRow((_row, chunk, cell) => chunk.columns[1]!.record(cell, 5))
    store.removeColumn(0)
    expect([store.chunks[0]!.columns.length, rowsOf(store)[50]]).toEqual([1, '50=5'])
  })

  test('are copied with all their rows, epochs and start times, regardless of limits', () => {
    const budget = { used: 0, limit: 60 }
    const { store, add, clock, epochs } = storeOf(['a', 'b'], { rowLimit: 50, budget })
    for (let n = 0; n < 55; n++) {
      clock.advance(1)
      add({ a: n, b: n % 2 === 0 ? 'even' : '' }, n)
    }
    epochs.advance()
    add({ a: 7 }, 1)
    const into = new RowStore({ name: 'copy', labelKeys: ['a', 'b'], rowLimit: 50, budget, valueLength: 256, epochs })
    into.addColumn((rows) => new SumCells(rows))
    store.copyColumn(0, into)
    expect(rowsOf(into)).toEqual(rowsOf(store))
    expect([into.size, budget.used]).toEqual([50, 100])
    const kept = (from: RowStore) => from.chunks.map(({ lastEpochs, startTimesUnixMs }) => [[...lastEpochs], [...startTimesUnixMs]])
    expect(kept(into)).toEqual(kept(store))
  })
})

test('a discarded store neither takes rows of the budget nor returns any twice', () => {
  const { store, add, budget } = storeOf(['a'])
  for (let n = 0; n < 3; n++) add({ a: n })
  store.dispose()
  for (let n = 0; n < 10; n++) add({ a: n })
  expect([budget.used, store.size]).toEqual([0, 3])
  store.clear()
  expect([budget.used, store.size]).toEqual([0, 0])
})

test('a million rows made and removed keep memory flat', () => {
  const { store, add, budget } = storeOf(['a', 'b'], { rowLimit: 2_000, budget: { used: 0, limit: 2_000 } })
  const turn = (from: number) => {
    for (let n = 0; n < 2_000; n++) add({ a: `value ${from + n}`, b: from + n })
    store.clear()
  }
  for (let n = 0; n < 20; n++) turn(n * 2_000)
  global.gc!()
  const beforeBytes = process.memoryUsage().heapUsed
  for (let n = 20; n < 20 + amount(500, 500); n++) turn(n * 2_000)
  global.gc!()
  expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(1e6)
  expect([budget.used, store.chunks.length]).toEqual([0, 8])
})

test('cells of a chunk never move', () => {
  const { store, add } = storeOf(['a'])
  const cells: Cells = (add({ a: 'first' }), store.chunks[0]!.columns[0]!)
  for (let n = 0; n < 99; n++) add({ a: n })
  expect(store.chunks[0]!.columns[0]).toBe(cells)
})

describe('counts and sums beside a distribution', () => {
  const epochs = new EpochLog(new ManualClock())
  const distribution = (rows: number) => new DistributionCells(rows, new BucketSearch([1]), epochs)
  const sums = (rows: number) => new SumCells(rows)
  /** The classes of the columns of a new row. */
  const classesOf = (store: RowStore) => store.chunkOf(store.find({ k: 'a' })).columns.map((cells) => cells.constructor)
  const empty = () => new RowStore({ name: 'backed', labelKeys: ['k'], rowLimit: 9, budget: { used: 0, limit: 9 }, valueLength: 9, epochs })

  test('are backed by it in any order, if they are parts of it', () => {
    const store = empty()
    store.addColumn(sums, 'sum')
    store.addColumn(distribution)
    store.addColumn(sums, 'count')
    store.addColumn(sums)
    expect(classesOf(store)).toEqual([DistributionBackedCells, DistributionCells, DistributionBackedCells, SumCells])
  })

  test('are separate if there is none', () => {
    const store = empty()
    store.addColumn(sums, 'sum')
    store.addColumn(sums)
    expect(classesOf(store)).toEqual([SumCells, SumCells])
  })
})
