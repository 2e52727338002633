import type { Clock } from '../../base/clock.js'
import type { Exemplar } from '../data/metric.js'

/** The engine's epochs and clock, as cells and rows use them. */
export interface Epochs {
  /** Rises with each gathering. A row keeps the epoch of its last value; a bucket keeps one exemplar per epoch. Fits an Int32. */
  readonly current: number
  /** Rises with the epoch, and when rows or columns are removed. A handle then checks whether its rows still exist. */
  readonly changes: number
  /** Call after removing rows or columns. */
  countChange(): void
  readonly clock: Clock
}

/**
 * The running data of one column (a view or an instrument) for the rows of one chunk.
 *
 * `record` is part of the record path: it allocates nothing, makes no closure or string, reads no clock and cannot throw. It returns
 * false if it did not accept the value. Do not add a fifth class to its call site: V8 would then look the method up at each call. Fields
 * are `private` rather than `#private`, so that V8 knows their types; see docs/decisions.md.
 */
export interface Cells {
  record(cell: number, value: number): boolean
  /** Keeps the attachments of the value that was just recorded, as an exemplar. */
  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void
  value(cell: number): number
  count(cell: number): number
  sumOfSquaredDeviation(cell: number): number
  bucket(cell: number, bucket: number): number
  exemplar(cell: number, bucket: number): Exemplar | undefined
  /** False if no row has an exemplar. */
  readonly hasExemplars?: boolean
  clear(cell: number): void
  copy(cell: number, from: Cells, fromCell: number): void
}

/** Base class of cells with one number per row, which have no buckets. */
export abstract class ScalarCells {
  get hasExemplars(): boolean {
    return false
  }

  count(): number {
    return 0
  }

  sumOfSquaredDeviation(): number {
    return 0
  }

  bucket(): number {
    return 0
  }
}
