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
import { type BoundTarget, boundTargets, NO_DISTRIBUTION, NO_LAST_VALUES, NO_TARGET } from './bound-target.js'
import { drop, dropFromColumn } from './drop-counters.js'
import type { ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'
import { isOrdinary, recordChecked } from './record-checked.js'
import { recordLabels } from './record-labels.js'

/**
 * A measure with tags whose rows are found once: the fastest way to record. Views that are registered or unregistered later are
 * noticed, and rows that were removed are made again.
 */
export class BoundMeasure<K extends string = string> {
  readonly measure: Measure<K>
  private readonly labels: Labels
  private readonly epochs: Epochs
  /**
   * `Epochs.changes` when the rows were found and their last epoch set. While it is the same, nothing has to be checked: this one
   * comparison covers everything that could have changed.
   */
  private seen = -1
  /** The groups of views that the targets belong to. */
  private groups: readonly ListenerGroup[] | undefined = undefined
  /** Kind and cell of the only target, or of the first if that is a distribution. OTHER if each target has to be looked at. */
  private kind = OTHER
  private cell = 0
  private slots: Int32Array = NO_SLOTS
  private distribution: DistributionCells = NO_DISTRIBUTION
  private lastValues: LastValueCells = NO_LAST_VALUES
  /** Where the values go, view by view. */
  private first: BoundTarget = NO_TARGET
  /** The stores in which the tags have the overflow row. */
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
        // A small integer is ordinary for every measure: no need to check.
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
        this.lastValues.record(this.cell, value) // any number is accepted
        return
      }
    }
    this.recordSlow(value, attachments, 0)
  }

  /**
   * Everything else: rows to be found, a new epoch, several views, attachments, values that are not ordinary.
   * One long function on purpose. V8 inlines short ones into their callers; `record` would then be too large to be inlined into
   * its own callers: twice as expensive for a counter, once it has been compiled by itself.
   *
   * @param done The number of views that have the value already: 0 or 1. A number, since a boolean costs ten instructions more.
   */
  private recordSlow(value: number, attachments: Attachments | undefined, done: number): void {
    if (done > 0) {
      // A loop of its own: the value is ordinary and accepted, and no state is kept from view to view.
      for (let target = this.first.next; target !== NO_TARGET; target = target.next) {
        const { kind, cell } = target
        if (kind === LAST_VALUE) target.lastValues.record(cell, value)
        else if (!addUsual(kind, target.slots, cell, value)) recordTarget(target, value)
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
      for (let target = this.first; target !== NO_TARGET; target = target.next) target.lastEpochs[target.cell] = epochs.current
    }
    for (const store of this.overflowed) store.countOverflow()
    let accepted = this.first === NO_TARGET
    for (let target = this.first; target !== NO_TARGET; target = target.next) {
      const { kind, cell } = target
      if (kind === LAST_VALUE) accepted = target.lastValues.record(cell, value)
      else if (addUsual(kind, target.slots, cell, value) || recordTarget(target, value)) accepted = true
    }
    if (!accepted) drop(this.measure, 'too large')
  }

  /** Whether all rows are where they were found. Tags in an overflow row may have room for a row by now. */
  private isBound(): boolean {
    if (this.groups !== this.measure.groups || this.overflowed.length > 0) return false
    for (let target = this.first; target !== NO_TARGET; target = target.next) {
      if (!target.origin.chunk.isSame(target.cell, target.origin.createdIn)) return false
    }
    return true
  }

  private bind(): void {
    const overflowed: RowStore[] = []
    const targets = this.measure.groups.flatMap((group) => boundTargets(group, this.labels, this.measure.isInteger, overflowed))
    this.groups = this.measure.groups
    this.overflowed = overflowed
    targets.sort((a, b) => Number(b.kind === DISTRIBUTION) - Number(a.kind === DISTRIBUTION))
    const first = targets[0] ?? NO_TARGET
    for (let at = 1; at < targets.length; at++) targets[at - 1]!.next = targets[at]!
    this.first = first
    const isPlain = first !== NO_TARGET && overflowed.length === 0 && !(this.measure.isInteger && first.kind >= DISTRIBUTION)
    if (!isPlain || (targets.length > 1 && first.kind !== DISTRIBUTION)) this.kind = OTHER
    else this.kind = targets.length === 1 ? first.kind : DISTRIBUTION_FIRST
    this.cell = first.cell
    this.slots = first.slots
    this.lastValues = first.lastValues
    this.distribution = first.distribution
  }
}

/** The cases not handled by `addUsual`. Each kind of cells has a call site of its own, which V8 can inline. */
function recordTarget({ kind, cell, distribution, origin }: BoundTarget, value: number): boolean {
  const { group, chunk, column, cells } = origin
  const isTaken =
    kind === DISTRIBUTION
      ? distribution.record(cell, value)
      : kind === OTHER
        ? recordSketched(cells, cell, value)
        : cells.record(cell, value)
  return isTaken || dropFromColumn(group, chunk, column, cell, value)
}
