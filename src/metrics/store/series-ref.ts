import type { Cells, Epochs } from '../cells/cells.js'
import { boundValues, labelsOfValues } from '../labels/label-value.js'
import type { Labels } from '../labels/shared-tag-map.js'
import { NO_ROW } from './row-index.js'
import type { RowStore } from './row-store.js'
import type { StoreChunk } from './store-chunk.js'

/** A reference to the row of a series. If the row was removed, it is found or made again. */
export class SeriesRef {
  private readonly store: RowStore
  /** The values of the labels in the order of the store's keys: a removed row is made again from them. */
  private readonly values: readonly (string | undefined)[]
  private readonly epochs: Epochs
  /** `Epochs.changes` when the row was last found and its last epoch set. */
  private seen = -1
  private createdIn = 0
  chunk!: StoreChunk
  cell = 0
  private isOverflow = false

  constructor(store: RowStore, labels: Labels) {
    this.store = store
    this.epochs = store.epochs
    const row = existingRow(store, labels)
    this.values = row < 0 ? boundValues(labels, store.labelKeys) : store.labelTexts(row)
    this.moveTo(row < 0 ? store.findOrCreateByValues(this.values) : row)
  }

  /** True if `chunk` and `cell` are current: nothing has changed since the row was found and its last epoch set. */
  isCurrent(): boolean {
    return this.seen === this.epochs.changes && !this.isOverflow
  }

  /** Sets the row's last epoch, before a change; makes the row again if it was removed. */
  locate(): void {
    if (this.seen !== this.epochs.changes) this.find()
    if (this.isOverflow) this.store.countOverflow()
  }

  /** Reads a number of the series; 0 if the row was removed. Changes nothing. */
  read(value: (cells: Cells, cell: number) => number): number {
    if (this.isInPlace()) return value(this.chunk.columns[0]!, this.cell)
    const row = this.store.lookup(labelsOfValues(this.store.labelKeys, this.values))
    if (row < 0) return 0
    const chunk = this.store.chunkOf(row)
    return value(chunk.columns[0]!, row - chunk.start)
  }

  /** True if the row still belongs to the series. A series in the overflow row may get its own row later. */
  private isInPlace(): boolean {
    return !this.isOverflow && this.chunk.isSame(this.cell, this.createdIn)
  }

  private find(): void {
    if (this.isInPlace()) this.setEpoch()
    else this.moveTo(this.store.findOrCreateByValues(this.values))
  }

  private moveTo(row: number): void {
    this.isOverflow = this.store.isOverflow(row)
    this.chunk = this.store.chunkOf(row)
    this.cell = row - this.chunk.start
    this.createdIn = this.chunk.createdIn(this.cell)
    this.setEpoch()
  }

  private setEpoch(): void {
    this.chunk.lastEpochs[this.cell] = this.epochs.current
    this.seen = this.epochs.changes
  }
}

function existingRow(store: RowStore, labels: Labels): number {
  try {
    return store.existing(labels)
  } catch {
    return NO_ROW // a getter or a proxy threw
  }
}
