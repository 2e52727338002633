import { describe, expect, test } from 'vitest'
import { ColumnSource } from '../../../src/metrics/store/column-source.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { RowStore } from '../../../src/metrics/store/row-store.js'
import { SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { type Family, type RowChunk, type RowSource, isVisibleIn } from '../../../src/metrics/data/row-source.js'
import { type Aggregation, count, distribution, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { randomNumbers } from '../../exporters/random.js'

/** What a reader that keeps text would have to write for a cell. */
function written(source: RowSource, chunk: RowChunk, cell: number): string {
  const labels = source.descriptor.labelKeys.map((_, key) => chunk.labelValue(cell, key) ?? '-')
  const buckets = source.bounds.map((_, bucket) => chunk.bucket(cell, bucket))
  return JSON.stringify([labels, chunk.isOverflow(cell), chunk.startTimeUnixMs(cell), chunk.value(cell), chunk.count(cell), buckets])
}

/**
 * A reader that trusts marks and versions, as the text encoder does: it writes a cell again only where its mark is at or
 * above the epoch of the last reading, or its chunk's version is another; and compares with what it would write anew.
 */
class TrustingReader {
  readonly #kept = new WeakMap<RowChunk, { version: number; epoch: number; cells: (string | undefined)[] }>()
  reused = 0

  read(families: readonly Family[]): void {
    for (const source of families as readonly RowSource[]) for (const chunk of source.chunks) this.#readChunk(source, chunk)
  }

  #readChunk(source: RowSource, chunk: RowChunk): void {
    const before = this.#kept.get(chunk)
    const cells: (string | undefined)[] = []
    for (let cell = 0; cell < chunk.size; cell++) {
      if (!chunk.isLive(cell)) continue
      const now = written(source, chunk, cell)
      const isKept = before !== undefined && before.version === chunk.version && chunk.lastEpoch(cell) < before.epoch
      if (isKept && before.cells[cell] !== now) throw new Error(`kept ${before.cells[cell]}, but it is ${now}`)
      if (isKept) this.reused++
      cells[cell] = now
    }
    this.#kept.set(chunk, { version: chunk.version, epoch: source.epoch, cells })
  }
}

test('data cached by epochs and versions is correct after any records, removals and registrations', () => {
  const random = randomNumbers(11)
  const whole = (below: number) => Math.floor(random() * below)
  const clock = new ManualClock()
  const stats = new Stats({ clock, limits: { rowsPerView: 60 } })
  const measures = ['m0', 'm1', 'm2'].map((name) => stats.measure(name))
  const aggregations = [count(), sum(), lastValue(), distribution([1, 10])]
  const names = Array.from({ length: 8 }, (_, n) => `v${n}`)
  const register = (n: number) =>
    void (
      stats.viewManager.getView(names[n]!) ??
      stats.viewManager.registerView({
        name: names[n]!,
        measure: measures[n % 3]!,
        aggregation: aggregations[n % 4]!,
        tagKeys: n < 4 ? ['a'] : ['a', 'b'],
        ...(n === 7 && { idleExpiryMs: 1_000 }),
      })
    ) // prettier-ignore
  const value = () => (random() < 0.7 ? whole(5) : random() * 20)
  const labels = () => ({ a: whole(30), b: whole(3) })
  const maps = Array.from({ length: 20 }, () => TagMap.of(labels()))
  const bound = Array.from({ length: 20 }, () => stats.bind(measures[whole(3)]!, labels()))
  const reader = new TrustingReader()
  for (let turn = 0; turn < 600; turn++) {
    for (let n = whole(30); n > 0; n--) {
      const way = random()
      if (way < 0.4) stats.record(measures[whole(3)]!, value(), labels())
      else if (way < 0.7) stats.record(measures[whole(3)]!, value(), maps[whole(20)]!)
      else bound[whole(20)]!.record(value())
    }
    const event = random()
    if (event < 0.1) register(whole(8))
    else if (event < 0.15) stats.viewManager.removeRows(names[whole(8)]!, { a: whole(30) })
    else if (event < 0.17) stats.viewManager.unregisterView(names[whole(8)]!)
    clock.advance(whole(200))
    if (random() < 0.5) reader.read(stats.getFamilies())
    if (random() < 0.1) stats.getFamilies() // another reader
  }
  expect(reader.reused).toBeGreaterThan(1_000)
})

test('data of instruments cached by epochs and versions is correct after any records and removals', () => {
  const random = randomNumbers(12)
  const whole = (below: number) => Math.floor(random() * below)
  const registry = new MetricRegistry({ clock: new ManualClock(), limits: { rowsPerView: 40 } })
  const gauge = registry.gauge('g', { labelKeys: ['a'] })
  const cumulative = registry.cumulative('c', { labelKeys: ['a'] })
  const kept = Array.from({ length: 20 }, (_, a) => [gauge.timeSeries({ a }), cumulative.timeSeries({ a })] as const)
  const reader = new TrustingReader()
  for (let turn = 0; turn < 600; turn++) {
    for (let n = whole(20); n > 0; n--) {
      const a = whole(50)
      const way = random()
      if (way < 0.2) gauge.set(whole(9), { a })
      else if (way < 0.4) cumulative.add(whole(9), { a })
      else if (way < 0.6) kept[whole(20)]![0].add(whole(9))
      else if (way < 0.8) kept[whole(20)]![1].add(whole(9))
      else if (way < 0.82) gauge.remove({ a })
      else if (way < 0.83) cumulative.clear()
    }
    if (random() < 0.5) reader.read(registry.getFamilies() as readonly Family[])
  }
  expect(reader.reused).toBeGreaterThan(1_000)
})

describe('a source', () => {
  test('has the column and labels of its view, in the order of its keys, also after other views are removed', () => {
    const stats = new Stats({ clock: new ManualClock({ unixMs: 1_000 }) })
    const measure = stats.measure('m')
    const register = (name: string, aggregation: Aggregation = sum()) =>
      stats.viewManager.registerView({ name, measure, aggregation, tagKeys: ['b', 'a'] })
    register('v1')
    register('v2', distribution([1, 2]))
    stats.record(measure, 1.5, { a: 'x', b: 'y' })
    const [, source] = stats.getFamilies() as [RowSource, RowSource]
    const [chunk] = source.chunks
    const shown = () => [
      chunk!.labelValue(0, 0),
      chunk!.labelValue(0, 1),
      chunk!.value(0),
      chunk!.count(0),
      [0, 1, 2].map((at) => chunk!.bucket(0, at)),
    ]
    expect(shown()).toEqual(['y', 'x', 1.5, 1, [0, 1, 0]])
    stats.viewManager.unregisterView('v1')
    stats.record(measure, 5, { a: 'x', b: 'y' })
    expect(shown()).toEqual(['y', 'x', 6.5, 2, [0, 1, 1]])
    for (let n = 0; n < 40; n++) stats.record(measure, 1, { a: n })
    expect([source.chunks.length, source.chunks[1]!.count(0)]).toEqual([2, 1])
  })
  test('gets its own cells if the column backing it is removed', () => {
    const stats = new Stats()
    const measure = stats.measure('m')
    for (const [name, aggregation] of [
      ['spread', distribution([1])],
      ['number', count()],
    ] as const) {
      stats.viewManager.registerView({ name, measure, tagKeys: ['k'], aggregation })
    }
    stats.record(measure, 0.5, { k: 'a' })
    const number = () => (stats.getFamilies() as readonly RowSource[]).find(({ descriptor }) => descriptor.name === 'number')!
    expect(number().chunks[0]!.value(0)).toBe(1)
    stats.viewManager.unregisterView('spread')
    stats.record(measure, 7, { k: 'a' })
    expect(number().chunks[0]!.value(0)).toBe(2)
  })

  test('may have constant labels, by default those of its store', () => {
    const epochs = new EpochLog(new ManualClock())
    const budget = { used: 0, limit: 9 }
    const store = new RowStore({ name: 'constant', labelKeys: ['a', 'b'], rowLimit: 9, budget, valueLength: 9, epochs })
    const column = store.addColumn((rows) => new SumCells(rows))
    store.find({ a: 'x', b: 'y' })
    const descriptor = { name: 'm', description: '', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] } as const
    const labelsOf = (labels?: (number | string)[]) => {
      const source = new ColumnSource({ descriptor, store, kind: 'scalar', ...(labels && { labels }) }, column)
      expect([source.bounds, source.kind, source.descriptor, source.column]).toEqual([[], 'scalar', descriptor, 0])
      const { size, version, newestGeneration } = source.chunks[0]!
      expect([size, version, newestGeneration]).toEqual([1, store.chunks[0]!.version, 0])
      return (labels ?? store.labelKeys).map((_, at) => source.chunks[0]!.labelValue(0, at))
    }
    expect(labelsOf()).toEqual(['x', 'y'])
    expect(labelsOf([1, 'constant', 0])).toEqual(['y', 'constant', 'x'])
  })

  test('reports which rows are visible in a document begun in a generation', () => {
    const registry = new MetricRegistry()
    const gauge = registry.gauge('g', { labelKeys: ['a'] })
    const [source] = (gauge.set(1, { a: 0 }), registry.getFamilies() as readonly RowSource[]) as [RowSource]
    const { generation, chunks } = source
    const standing = (since: number) => [0, 1, 2, 3].filter((cell) => isVisibleIn(since, chunks[0]!, cell))
    gauge.set(1, { a: 1 })
    void registry.getFamilies() // another reader
    gauge.set(1, { a: 2 })
    expect([source.generation, standing(generation)]).toEqual([generation, [0, 1, 2]]) // new, but nothing has gone
    gauge.remove({ a: 0 })
    expect([source.generation, standing(generation), standing(source.generation)]).toEqual([generation + 1, [1, 2], [1, 2]])
    gauge.set(2, { a: 0 })
    gauge.set(2, { a: 3 })
    expect([standing(generation), standing(source.generation)]).toEqual([
      [1, 2],
      [0, 1, 2, 3],
    ]) // prettier-ignore
    gauge.remove({ a: 1 })
    gauge.remove({ a: 2 })
    gauge.set(3, { a: 1 })
    expect([generation, generation + 1, generation + 2, generation + 3].map(standing)).toEqual([[], [0, 3], [0, 3], [0, 2, 3]])
  })

  test('has no rows after its view was unregistered', () => {
    const stats = new Stats()
    const measure = stats.measure('m')
    for (const name of ['v1', 'v2']) stats.viewManager.registerView({ name, measure, aggregation: sum(), tagKeys: ['a'] })
    for (let n = 0; n < 40; n++) stats.record(measure, 1, { a: n })
    const [left, stays] = stats.getFamilies() as [RowSource, RowSource]
    stats.viewManager.unregisterView('v1')
    expect([left, stays].map(({ chunks }) => chunks.map(({ size }) => size))).toEqual([
      [0, 0],
      [32, 8],
    ])
    const chunk = left.chunks[0]!
    expect(chunk.version).toBeLessThan(0) // no chunk of rows has such a one: nothing that was kept of it stays
    expect([chunk.isLive(0), chunk.isOverflow(0), chunk.labelValue(0, 0), chunk.exemplar(0, 0)]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ])
    expect([chunk.newestGeneration, chunk.createdIn(0), chunk.lastEpoch(0), chunk.startTimeUnixMs(0)]).toEqual([0, 0, 0, 0])
    expect([chunk.value(0), chunk.count(0), chunk.sumOfSquaredDeviation(0), chunk.bucket(0, 0)]).toEqual([0, 0, 0, 0])
  })
})
