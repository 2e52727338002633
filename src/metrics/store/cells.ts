import type { Clock } from '../../base/clock.js'
import type { Exemplar } from '../data/metric.js'

/** What all cells of a store need to know of their surroundings. */
export interface Epochs {
  /** Rises with each gathering. Rows are marked with it; exemplars are taken once per bucket and epoch. Fits an Int32. */
  readonly current: number
  /** Rises with the epoch, and whenever rows or columns go: a handle then checks that its rows are still its own. */
  readonly changes: number
  /** Call after removing rows or columns. */
  countChange(): void
  readonly clock: Clock
}

/**
 * The running data of one column (a view or an instrument) for the rows of one chunk.
 *
 * `record` is the record path: it allocates nothing, makes no closure or string, reads no clock and cannot
 * throw; it answers false where it could not take the value. Four classes implement it and no more are to:
 * with a fifth, V8 looks the method up at each call; a further kind gets a call site of its own. Their fields are
 * `private` rather than `#private`, so that V8 knows what they hold: docs/decisions.md.
 */
export interface Cells {
  record(cell: number, value: number): boolean
  /** Ties what was just recorded to its origin. */
  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void
  value(cell: number): number
  count(cell: number): number
  sumOfSquaredDeviation(cell: number): number
  bucket(cell: number, bucket: number): number
  exemplar(cell: number, bucket: number): Exemplar | undefined
  clear(cell: number): void
  copy(cell: number, from: Cells, fromCell: number): void
}
