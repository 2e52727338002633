import type { Cells } from './cells.js'
import type { Exemplar, ExponentialValue, SummaryValue } from '../data/metric.js'
import type { PercentileWindow } from '../data/row-source.js'

/** The running data of one row as an object: percentiles or exponential buckets. */
export interface Sketch {
  /** Records a value, or returns false if it does not accept it. Never throws. */
  record(value: number): boolean
  readonly count: number
  readonly sum: number
  /** For distributions, as are the buckets for fixed bounds. A summary has neither. */
  readonly sumOfSquaredDeviation?: number
  bucket?(bucket: number): number
  exemplar?(bucket: number): Exemplar | undefined
  exponential?(): ExponentialValue
  /** The quantiles of a row of percentiles. */
  summary?(): SummaryValue
  percentileWindows?(): readonly PercentileWindow[]
  /** Keeps the attachments of the value that was just recorded, if the kind has exemplars. */
  attach?(value: number, attachments: Readonly<Record<string, string>>): void
  /** Adds all values of another sketch of the same kind. */
  merge(other: this): void
}

/**
 * Cells of rows with one object per row, made with its first value. Stores with such cells are `sketched`, and their cells are called at
 * another call site; see {@link Cells}.
 */
export class SketchCells implements Cells {
  /** By cell. */
  private readonly sketches: (Sketch | undefined)[] = []
  private readonly make: () => Sketch

  constructor(make: () => Sketch) {
    this.make = make
  }

  private at(cell: number): Sketch {
    let sketch = this.sketches[cell]
    if (sketch === undefined) {
      sketch = this.make()
      this.sketches[cell] = sketch
    }
    return sketch
  }

  record(cell: number, value: number): boolean {
    return this.at(cell).record(value)
  }

  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>): void {
    this.at(cell).attach?.(value, attachments)
  }

  value(cell: number): number {
    return this.at(cell).sum
  }

  count(cell: number): number {
    return this.at(cell).count
  }

  sumOfSquaredDeviation(cell: number): number {
    return this.at(cell).sumOfSquaredDeviation ?? 0
  }

  bucket(cell: number, bucket: number): number {
    return this.at(cell).bucket?.(bucket) ?? 0
  }

  exemplar(cell: number, bucket: number): Exemplar | undefined {
    return this.at(cell).exemplar?.(bucket)
  }

  exponential(cell: number): ExponentialValue | undefined {
    return this.at(cell).exponential?.()
  }

  summary(cell: number): SummaryValue | undefined {
    return this.at(cell).summary?.()
  }

  percentileWindows(cell: number): readonly PercentileWindow[] | undefined {
    return this.at(cell).percentileWindows?.()
  }

  clear(cell: number): void {
    this.sketches[cell] = undefined
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    if (!(from instanceof SketchCells)) throw new Error('BUG: copied a sketch from another kind')
    this.sketches[cell] = undefined
    this.at(cell).merge(from.at(fromCell))
  }
}

/** The call site for sketch cells. A fifth class at the call site of the other four would make all those calls more expensive. */
export function recordSketched(cells: Cells, cell: number, value: number): boolean {
  return cells.record(cell, value)
}
