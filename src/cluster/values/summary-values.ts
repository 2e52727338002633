import type { Clock } from '../../base/clock.js'
import type { SummaryValue } from '../../metrics/data/metric.js'
import { type KeptWindow, joinWindows, quantilesOf } from '../../metrics/histograms/percentile-windows.js'
import type { PercentilesSettings } from '../../metrics/histograms/percentiles-options.js'
import type { PercentileWindow } from '../../metrics/data/row-source.js'
import type { PayloadReader } from '../frames/payload-reader.js'
import { readWindows } from '../frames/sketch-frames.js'
import { type RowValues, rounded } from './row-values.js'

type Quantiles = SummaryValue['quantiles']

interface Summary {
  readonly count: number
  readonly sum: number
  /** Quantiles of a snapshot, which has no windows. */
  readonly quantiles: Quantiles
  /** The windows from which quantiles are computed; undefined if a member could not send them. */
  readonly windows: readonly KeptWindow[] | undefined
}

const NO_QUANTILES: Quantiles = Object.freeze([])
const NO_WINDOWS: readonly KeptWindow[] = Object.freeze([])
const NOTHING: Summary = Object.freeze({ count: 0, sum: 0, quantiles: NO_QUANTILES, windows: NO_WINDOWS })

/**
 * Counts and sums of rows, with the windows of HdrHistograms from which quantiles are computed. Windows can be added, quantiles cannot. The
 * quantiles of a snapshot are shown while only one member has the row.
 */
export class SummaryValues implements RowValues {
  readonly #settings: PercentilesSettings | undefined
  readonly #clock: Clock
  readonly #rows = new Map<number, Summary>()

  constructor(settings: PercentilesSettings | undefined, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  read(reader: PayloadReader, row: number): void {
    const count = reader.varint()
    const sum = reader.double()
    if (this.#settings !== undefined) {
      const windows = readWindows(reader, this.#settings, this.#clock.monotonicMs())
      this.#rows.set(row, { count, sum, quantiles: NO_QUANTILES, windows })
      return
    }
    const length = reader.varintUpTo(reader.remainingBytes / 16, 'the number of quantiles')
    const quantiles = Array.from({ length }, () => ({ quantile: reader.double(), value: reader.double() }))
    this.#rows.set(row, { count, sum, quantiles, windows: NO_WINDOWS })
  }

  readAll(reader: PayloadReader, rows: number): void {
    for (let row = 0; row < rows; row++) this.read(reader, row)
  }

  copyRun(first: number, from: SummaryValues, rows: number): void {
    for (let row = 0; row < rows; row++) this.copy(first + row, from, row)
  }

  clear(row: number): void {
    this.#rows.delete(row)
  }

  copy(row: number, from: SummaryValues, fromRow: number): void {
    this.#rows.set(row, from.#at(fromRow))
  }

  add(row: number, from: SummaryValues, fromRow: number): void {
    const [ours, theirs] = [this.#rows.get(row), from.#at(fromRow)]
    if (ours === undefined) return void this.#rows.set(row, theirs)
    const areKnown = ours.windows !== undefined && theirs.windows !== undefined
    const windows = areKnown ? joinWindows(this.#unexpired(ours.windows), this.#unexpired(theirs.windows)) : undefined
    this.#rows.set(row, { count: ours.count + theirs.count, sum: ours.sum + theirs.sum, quantiles: NO_QUANTILES, windows })
  }

  /** Removes the quantiles of a row of departed members, which are out of date. */
  dropQuantiles(row: number): void {
    this.#rows.set(row, { ...this.#at(row), quantiles: NO_QUANTILES })
  }

  isBelow(row: number, other: SummaryValues, otherRow: number): boolean {
    return this.count(row) < other.count(otherRow)
  }

  keepRounded(row: number, before: SummaryValues, beforeRow: number): void {
    const summary = this.#at(row)
    const sum = rounded(summary.sum, before.value(beforeRow))
    if (sum !== summary.sum) this.#rows.set(row, { ...summary, sum })
  }

  value(row: number): number {
    return this.#at(row).sum
  }

  count(row: number): number {
    return this.#at(row).count
  }

  sumOfSquaredDeviation(): number {
    return 0
  }

  bucket(): number {
    return 0
  }

  summary(row: number): SummaryValue {
    const { count, sum, quantiles, windows } = this.#at(row)
    const settings = this.#settings
    if (settings === undefined || windows === undefined) return { kind: 'summary', count, sum, quantiles }
    return { kind: 'summary', count, sum, quantiles: quantilesOf(settings, this.#unexpired(windows)) }
  }

  percentileWindows(row: number): readonly PercentileWindow[] | undefined {
    const { windows } = this.#at(row)
    const nowMs = this.#clock.monotonicMs()
    return windows && this.#unexpired(windows).map(({ expiresMs, ...window }) => ({ ...window, remainingMs: expiresMs - nowMs }))
  }

  #at(row: number): Summary {
    return this.#rows.get(row) ?? NOTHING
  }

  #unexpired(windows: readonly KeptWindow[]): readonly KeptWindow[] {
    const nowMs = this.#clock.monotonicMs()
    return windows.every(({ expiresMs }) => expiresMs > nowMs) ? windows : windows.filter(({ expiresMs }) => expiresMs > nowMs)
  }
}
