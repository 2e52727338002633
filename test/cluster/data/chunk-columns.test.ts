import fc from 'fast-check'
import { expect, test } from 'vitest'
import { getOrInsert } from '../../../src/base/get-or-insert.js'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import type { RowChunk, RowSource } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { Stats } from '../../../src/stats/stats.js'
import { count, distribution, sum } from '../../../src/stats/views/aggregation.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount, seed } from '../../faults/amount.js'

// Chunks of a store are read by column, those of other producers row by row. The frames are the same.

/** Returns a chunk that is read row by row. */
function plain(chunk: RowChunk): RowChunk {
  return new Proxy(chunk, {
    getPrototypeOf: () => Object.prototype,
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

class TwoReaders {
  readonly #clock = new ManualClock({ unixMs: 1_000 })
  readonly #registry = new MetricRegistry({ clock: this.#clock })
  readonly #stats = new Stats({ clock: this.#clock, limits: { rowsPerView: 300 } })
  readonly #time = this.#stats.measure('time', { unit: 's', tagKeys: ['a', 'b'] })
  readonly #jobs = this.#registry.counter('jobs', { labelKeys: ['a', 'b'], constantLabels: { zone: 'z1' }, rowLimit: 5_000 })
  readonly #chunks = new Map<RowChunk, RowChunk>()
  readonly #sources = new Map<RowSource, RowSource>()
  #families: readonly RowSource[] = []
  readonly #byColumn = new ChangedRows([this.#producer((source) => source)])
  readonly #byRow = new ChangedRows([this.#producer((source) => this.#plainSource(source))])

  constructor() {
    for (const [name, aggregation] of Object.entries({ count: count(), sum: sum(), distribution: distribution([1, 2]) })) {
      this.#stats.registerView({ name, measure: this.#time, tagKeys: ['a', 'b'], aggregation })
    }
  }

  #producer(source: (source: RowSource) => RowSource) {
    return { name: 'both', getMetrics: () => [], getFamilies: () => this.#families.map(source) }
  }

  #plainSource(source: RowSource): RowSource {
    const chunks = () => source.chunks.map((chunk) => getOrInsert(this.#chunks, chunk, () => plain(chunk)))
    return getOrInsert(this.#sources, source, () => {
      return new Proxy(source, { get: (target, key) => (key === 'chunks' ? chunks() : Reflect.get(target, key, target)) })
    })
  }

  record(first: number, rows: number, isTraced: boolean): void {
    this.#clock.advance(1)
    for (let at = first; at < first + rows; at++) {
      const labels = { a: `a${at % 40}`, b: at % 7 === 0 ? '' : `b${Math.floor(at / 40)}` }
      this.#jobs.inc(1, labels)
      this.#stats.record(this.#time, at % 3, labels, isTraced ? { trace_id: String(at) } : undefined)
    }
  }

  remove(a: string): void {
    this.#stats.viewManager.removeRows('sum', { a })
    for (let at = 0; at < 60; at++) this.#jobs.remove({ a, b: `b${at}` })
  }

  restart(): void {
    this.#byColumn.restart()
    this.#byRow.restart()
  }

  check(): void {
    this.#families = [this.#registry, this.#stats].flatMap((producer) => producer.getFamilies() as readonly RowSource[])
    const [byColumn, byRow] = [this.#byColumn, this.#byRow].map((reader) =>
      [...reader.framesNow()].map((frame) => Buffer.from(frame).toString('hex')),
    )
    expect(byColumn).toEqual(byRow)
  }
}

test('chunks of a store are sent in the same frames as chunks that are read row by row', { timeout: 3_600_000 }, () => {
  const record = fc.record({ first: fc.nat(2_000), rows: fc.nat(700), isTraced: fc.boolean() })
  const step = fc.oneof(
    { weight: 4, arbitrary: record },
    { weight: 1, arbitrary: fc.nat(39).map((at) => `a${at}`) },
    { weight: 1, arbitrary: fc.constant('restart') },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const readers = new TwoReaders()
      for (const step of steps) {
        if (step === 'restart') readers.restart()
        else if (typeof step === 'string') readers.remove(step)
        else readers.record(step.first, step.rows, step.isTraced)
        readers.check()
      }
    }),
    { numRuns: amount(40, 4_000), seed: seed() },
  )
})
