import { isCumulative } from '../frames/family-definition.js'
import { getOrInsert } from '../../base/get-or-insert.js'
import type { Exemplar, ExponentialValue, Metric, SummaryValue } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { snapshotRows } from '../../metrics/data/snapshot-rows.js'

interface Entry {
  chunk: RowChunk
  cell: number
  isLive: boolean
  epoch: number
  createdIn: number
  /** A number or string that changes with the value. */
  mark: number | string
  isSeen: boolean
}

/** Turns consecutive snapshots of one metric into rows with the epoch of their last change. */
class SnapshotTable implements RowSource {
  readonly descriptor: RowSource['descriptor']
  readonly kind: RowSource['kind']
  readonly bounds: readonly number[]
  readonly chunks: readonly RowChunk[]
  epoch = 1
  generation = 0
  readonly #entries: Entry[] = []
  readonly #cells = new Map<string, number>()
  readonly #free: number[] = []
  readonly #chunk: TableChunk

  constructor({ descriptor, kind, bounds }: RowSource) {
    this.descriptor = descriptor
    this.kind = kind
    this.bounds = bounds
    this.#chunk = new TableChunk(this.#entries)
    this.chunks = [this.#chunk]
  }

  /** Replaces the rows by those of a newer snapshot. Of rows with equal labels, only the first one counts. */
  update(source: RowSource): void {
    this.epoch++
    for (const chunk of source.chunks) {
      for (let cell = 0; cell < chunk.size; cell++) if (chunk.isLive(cell)) this.#updateRow(chunk, cell)
    }
    for (const [key, cell] of this.#cells) {
      const entry = this.#entries[cell]!
      if (!entry.isSeen) this.#remove(key, cell)
      entry.isSeen = false
    }
  }

  #updateRow(chunk: RowChunk, cell: number): void {
    const key = JSON.stringify([chunk.isOverflow(cell), ...this.descriptor.labelKeys.map((_, at) => chunk.labelValue(cell, at) || null)])
    const mark = this.#markOf(chunk, cell)
    const known = this.#cells.get(key)
    const entry = known === undefined ? undefined : this.#entries[known]!
    if (entry === undefined) {
      const made = { chunk, cell, isLive: true, epoch: this.epoch, createdIn: this.generation, mark, isSeen: true }
      const at = this.#free.pop() ?? this.#entries.length
      this.#entries[at] = made
      this.#cells.set(key, at)
      this.#chunk.version++
      return
    }
    if (entry.isSeen) return
    if (this.#wasReset(entry, chunk, cell)) {
      entry.createdIn = ++this.generation
      this.#chunk.version++
    }
    if (mark !== entry.mark) entry.epoch = this.epoch
    Object.assign(entry, { chunk, cell, mark, isSeen: true })
  }

  /** True if a cumulative has been reset: its new value does not include the old one. */
  #wasReset(entry: Entry, chunk: RowChunk, cell: number): boolean {
    if (!isCumulative(this.descriptor)) return false
    if (this.kind === 'scalar') return chunk.value(cell) < entry.chunk.value(entry.cell)
    return countOf(this.kind, chunk, cell) < countOf(this.kind, entry.chunk, entry.cell)
  }

  #markOf(chunk: RowChunk, cell: number): number | string {
    if (this.kind === 'scalar') return chunk.value(cell)
    if (this.kind === 'summary') return JSON.stringify(chunk.summary!(cell))
    return `${countOf(this.kind, chunk, cell)} ${chunk.value(cell)}`
  }

  #remove(key: string, cell: number): void {
    this.#cells.delete(key)
    this.#entries[cell]!.isLive = false
    this.#free.push(cell)
    this.generation++
    this.#chunk.version++
  }
}

function countOf(kind: RowSource['kind'], chunk: RowChunk, cell: number): number {
  return kind === 'summary' ? chunk.summary!(cell).count : chunk.count(cell)
}

class TableChunk implements RowChunk {
  version = 0
  readonly #entries: readonly Entry[]

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  get size(): number {
    return this.#entries.length
  }
  get newestGeneration(): number {
    return Number.MAX_SAFE_INTEGER
  }
  createdIn(cell: number): number {
    return this.#entries[cell]!.createdIn
  }
  isLive(cell: number): boolean {
    return this.#entries[cell]!.isLive
  }
  lastEpoch(cell: number): number {
    return this.#entries[cell]!.epoch
  }
  isOverflow(cell: number): boolean {
    const entry = this.#entries[cell]!
    return entry.chunk.isOverflow(entry.cell)
  }
  labelValue(cell: number, key: number): string | undefined {
    const entry = this.#entries[cell]!
    return entry.chunk.labelValue(entry.cell, key)
  }
  startTimeUnixMs(cell: number): number {
    const entry = this.#entries[cell]!
    return entry.chunk.startTimeUnixMs(entry.cell)
  }
  value(cell: number): number {
    const entry = this.#entries[cell]!
    return entry.chunk.value(entry.cell)
  }
  count(cell: number): number {
    const entry = this.#entries[cell]!
    return entry.chunk.count(entry.cell)
  }
  sumOfSquaredDeviation(cell: number): number {
    const entry = this.#entries[cell]!
    return entry.chunk.sumOfSquaredDeviation(entry.cell)
  }
  bucket(cell: number, bucket: number): number {
    const entry = this.#entries[cell]!
    return entry.chunk.bucket(entry.cell, bucket)
  }
  exemplar(cell: number, bucket: number): Exemplar | undefined {
    const entry = this.#entries[cell]!
    return entry.chunk.exemplar(entry.cell, bucket)
  }
  exponential(cell: number): ExponentialValue | undefined {
    const entry = this.#entries[cell]!
    return entry.chunk.exponential?.(entry.cell)
  }
  summary(cell: number): SummaryValue {
    const entry = this.#entries[cell]!
    return entry.chunk.summary!(entry.cell)
  }
}

/** The tables of one producer's snapshots, by name, kind and bounds. */
export class SnapshotTables {
  readonly #tables = new Map<string, SnapshotTable>()

  /** Updates the tables of a snapshot and returns them. */
  update(metric: Metric): SnapshotTable[] {
    return snapshotRows(metric).map((source) => {
      const key = JSON.stringify([source.descriptor.name, source.kind, source.bounds])
      const table = getOrInsert(this.#tables, key, () => new SnapshotTable(source))
      table.update(source)
      return table
    })
  }
}
