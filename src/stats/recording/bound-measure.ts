import {
  addUsual,
  addWhole,
  COUNT,
  DISTRIBUTION,
  DISTRIBUTION_FIRST,
  LAST_VALUE,
  NO_SLOTS,
  OTHER,
  SUM,
} from '../../metrics/store/cell-kinds.js'
import type { Epochs } from '../../metrics/store/cells.js'
import type { DistributionCells } from '../../metrics/store/distribution-cells.js'
import type { LastValueCells } from '../../metrics/store/last-value-cells.js'
import type { RowStore } from '../../metrics/store/row-store.js'
import type { Labels } from '../../metrics/store/shared-tag-map.js'
import { recordSketched } from '../../metrics/store/sketch-cells.js'
import type { Attachments } from './attachments.js'
import { type BoundPart, boundParts, NO_DISTRIBUTION, NO_LAST_VALUES, NO_PART } from './bound-target.js'
import { drop, dropFromColumn } from './drop-counters.js'
import type { ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'
import { isOrdinary, recordChecked } from './record-checked.js'
import { recordLabels } from './record-labels.js'

/**
 * A measure and tags, with their rows found: the fastest way to record. Follows views that come and go, and
 * makes its rows anew where they were removed.
 */
export class BoundMeasure<K extends string = string> {
  readonly measure: Measure<K>
  private readonly labels: Labels
  private readonly epochs: Epochs
  /**
   * The engine's count of changes when the rows were marked. While it stays they need no other mark and are where they were:
   * one comparison stands for all that could have changed.
   */
  private seen = -1
  /** The views that the parts are of. */
  private groups: readonly ListenerGroup[] | undefined = undefined
  /** What the only row is, or the first where that is of a distribution, and where. OTHER where all parts have to be asked. */
  private kind = OTHER
  private cell = 0
  private slots: Int32Array = NO_SLOTS
  private distribution: DistributionCells = NO_DISTRIBUTION
  private lastValues: LastValueCells = NO_LAST_VALUES
  /** Where the values go, view by view. */
  private first: BoundPart = NO_PART
  /** The stores in which it has the overflow row. */
  private overflowed: readonly RowStore[] = []

  /** Made by `stats.bind()`. @internal */
  constructor(measure: Measure<K>, labels: Labels) {
    this.measure = measure
    this.labels = labels
    this.epochs = measure.epochs
  }

  record(value: number, attachments?: Attachments): void {
    if (typeof value === 'number' && this.seen === this.epochs.changes && attachments === undefined) {
      const { kind } = this
      if (kind <= COUNT) {
        // A small whole number is ordinary for every measure; no need to ask it.
        const whole = value | 0
        const isWhole = whole === value && whole >= 0
        if (isWhole || (kind === COUNT && value >= 0 && value < Infinity)) {
          if (addWhole(this.slots, this.cell, kind === SUM ? whole : 1)) return
        }
      } else if (kind <= DISTRIBUTION_FIRST) {
        if (value >= 0 && this.distribution.record(this.cell, value)) {
          if (kind === DISTRIBUTION_FIRST) this.recordSlow(value, undefined, 1)
          return
        }
      } else if (kind === LAST_VALUE) {
        this.lastValues.record(this.cell, value) // any number is taken
        return
      }
    }
    this.recordSlow(value, attachments, 0)
  }

  /**
   * All that is not done above: rows to be found or marked, several views, attachments, values out of the ordinary.
   * One long function on purpose. V8 puts short ones into their callers; `record` would be full of them then, and too large
   * to be put into its own callers: twice as dear for a counter, from the moment on at which it is compiled by itself.
   * @param done How many views have the value already: none or the first. A number, since a boolean costs the compiler ten instructions more.
   */
  private recordSlow(value: number, attachments: Attachments | undefined, done: number): void {
    if (done > 0) {
      // A loop of its own: the value is ordinary and taken, and nothing has to be remembered from view to view.
      for (let part = this.first.next; part !== NO_PART; part = part.next) {
        const { kind, cell } = part
        if (kind === LAST_VALUE) part.lastValues.record(cell, value)
        else if (!addUsual(kind, part.slots, cell, value)) recordPart(part, value)
      }
      return
    }
    if (attachments !== undefined || !isOrdinary(this.measure, value)) return recordChecked(this.measure, value, this.labels, attachments)
    const epochs = this.epochs
    if (this.seen !== epochs.changes) {
      // A row of another context is another one: `seen` stays behind, and the rows are found for each record.
      if (this.measure.readsContext) return recordLabels(this.measure, value, this.labels, undefined)
      if (!this.isBound()) this.bind()
      this.seen = epochs.changes
      for (let part = this.first; part !== NO_PART; part = part.next) part.lastEpochs[part.cell] = epochs.current
    }
    for (const store of this.overflowed) store.countOverflow()
    let taken = this.first === NO_PART
    for (let part = this.first; part !== NO_PART; part = part.next) {
      const { kind, cell } = part
      if (kind === LAST_VALUE) taken = part.lastValues.record(cell, value)
      else if (addUsual(kind, part.slots, cell, value) || recordPart(part, value)) taken = true
    }
    if (!taken) drop(this.measure, 'too large')
  }

  /** Whether all rows are where they were found. A value in an overflow row may have room of its own by now. */
  private isBound(): boolean {
    if (this.groups !== this.measure.groups || this.overflowed.length > 0) return false
    for (let part = this.first; part !== NO_PART; part = part.next) {
      if (!part.origin.chunk.isSame(part.cell, part.origin.createdIn)) return false
    }
    return true
  }

  private bind(): void {
    const overflowed: RowStore[] = []
    const parts = this.measure.groups.flatMap((group) => boundParts(group, this.labels, this.measure.whole, overflowed))
    this.groups = this.measure.groups
    this.overflowed = overflowed
    parts.sort((a, b) => Number(b.kind === DISTRIBUTION) - Number(a.kind === DISTRIBUTION))
    const first = parts[0] ?? NO_PART
    for (let at = 1; at < parts.length; at++) parts[at - 1]!.next = parts[at]!
    this.first = first
    const isPlain = first !== NO_PART && overflowed.length === 0 && !(this.measure.whole && first.kind >= DISTRIBUTION)
    if (!isPlain || (parts.length > 1 && first.kind !== DISTRIBUTION)) this.kind = OTHER
    else this.kind = parts.length === 1 ? first.kind : DISTRIBUTION_FIRST
    this.cell = first.cell
    this.slots = first.slots
    this.lastValues = first.lastValues
    this.distribution = first.distribution
  }
}

/** What is not done above. Each kind of cells has a call of its own, which the compiler can put in its place. */
function recordPart({ kind, cell, distribution, origin }: BoundPart, value: number): boolean {
  const { group, chunk, column, cells } = origin
  const isTaken =
    kind === DISTRIBUTION
      ? distribution.record(cell, value)
      : kind === OTHER
        ? recordSketched(cells, cell, value)
        : cells.record(cell, value)
  return isTaken || dropFromColumn(group, chunk, column, cell, value)
}
