import { exponentialSettings } from '../../metrics/histograms/exponential-options.js'
import { getOrInsert } from '../../base/get-or-insert.js'
import { internalCount, type InternalCount, internalCounter } from '../../base/internal-metrics.js'
import type { DistributionPart } from '../../metrics/cells/distribution-backed-cells.js'
import type { Epochs } from '../../metrics/cells/cells.js'
import { DistributionCells } from '../../metrics/cells/distribution-cells.js'
import { LastValueCells } from '../../metrics/cells/last-value-cells.js'
import { CountCells, SumCells } from '../../metrics/cells/sum-cells.js'
import { PercentilesData } from '../../metrics/histograms/hdr-percentiles.js'
import { ExponentialData } from '../../metrics/histograms/exponential-data.js'
import { percentilesSettings, resolvePercentiles } from '../../metrics/histograms/percentiles-options.js'
import { SketchCells } from '../../metrics/cells/sketch-cells.js'
import { BucketSearch } from '../../metrics/cells/bucket-search.js'
import { ColumnSource, type ColumnSourceOptions } from '../../metrics/store/column-source.js'
import { type ExpectedLabels, noticeLabels } from '../../metrics/labels/label-notices.js'
import { RowStore, type CellsFactory } from '../../metrics/store/row-store.js'
import type { StoreHome } from '../../metrics/store/limits.js'
import type { DropReason, Listener, ListenerGroup } from '../recording/listener.js'
import type { Measure } from '../recording/measure.js'
import type { View } from './view.js'

const DROPPED_BY_VIEW = internalCounter(
  'tallyscope_dropped_values_total',
  'Values that a view did not accept, by reason.',
  'view',
  'reason',
)

/** A registered view as a column of its group's store: its definition, row source and drop counters. */
export class ViewColumn implements Listener {
  readonly view: View
  readonly source: ColumnSource
  readonly #dropped = new Map<DropReason, InternalCount>()

  constructor(view: View, store: RowStore, { kind, bounds, settings }: ColumnKind, column: number) {
    this.view = view
    const { descriptor } = view
    const labels = descriptor.labelKeys.map((key) => store.labelKeys.indexOf(key))
    this.source = new ColumnSource({ descriptor, store, kind, labels, settings, ...(bounds && { bounds }) }, column)
  }

  /** True if the aggregation accepts a value that is not ordinary. All aggregations accept ordinary ones. */
  accepts(reason: DropReason): boolean {
    const { kind } = this.view.aggregation
    if (reason === 'negative') return kind === 'lastValue' || (this.view.measure.signed && kind !== 'percentiles')
    return (reason === 'nan' || reason === 'infinite') && kind === 'lastValue'
  }

  drop(reason: DropReason): void {
    getOrInsert(this.#dropped, reason, () => internalCount(DROPPED_BY_VIEW, this.view.name, reason)).value++
  }
}

/**
 * Views of one measure with the same tag keys and context tags. They share their rows, so that a record looks its tags up only once. Each
 * view is a column of the store.
 */
export class ViewGroup implements ListenerGroup {
  readonly measure: Measure
  /** In alphabetical order. The context tags come after them in the store. */
  readonly tagKeys: readonly string[]
  readonly contextTags: readonly string[]
  readonly store: RowStore
  readonly rowLimit: number
  readonly idleExpiryMs: number | undefined
  readonly #keys: string
  readonly columns: ViewColumn[] = []
  readonly copiedFrom: WeakRef<ViewGroup> | undefined

  /** @param copiedFrom The group whose rows of the view will be copied. */
  constructor(view: View, home: StoreHome, copiedFrom?: ViewGroup) {
    this.copiedFrom = copiedFrom && new WeakRef(copiedFrom)
    this.measure = view.measure
    this.tagKeys = [...view.tagKeys].sort()
    this.contextTags = [...view.contextTags].sort()
    this.#keys = sortedKeys(view)
    this.rowLimit = view.rowLimit ?? home.rowLimit
    this.idleExpiryMs = view.idleExpiryMs
    const expected: ExpectedLabels = {
      name: this.measure.name,
      keys: this.tagKeys,
      declared: this.measure.tagKeys,
      isKnown: (key) => isKnownKey(this.measure, key),
    }
    this.store = new RowStore({
      ...home,
      name: view.name,
      labelKeys: [...this.tagKeys, ...this.contextTags],
      rowLimit: this.rowLimit,
      sketched: isSketched(view),
      onNewRow: (labels) => noticeLabels(labels, expected),
    })
  }

  /**
   * True if a view can join this group. The group must have no rows, since the view would show rows from before it was registered. Views
   * with declared rows share none.
   * @param keys The view's {@link sortedKeys}, computed once for all groups.
   */
  admits(view: View, keys: string, rowLimit: number): boolean {
    return (
      this.#keys === keys &&
      !this.hasRows &&
      !this.store.sketched &&
      !isSketched(view) &&
      [view, ...this.columns.map((column) => column.view)].every(({ tagValues }) => tagValues === undefined) &&
      this.rowLimit === (view.rowLimit ?? rowLimit) &&
      this.idleExpiryMs === view.idleExpiryMs
    )
  }

  get hasRows(): boolean {
    return this.store.size > 0 || this.store.overflowRow >= 0
  }

  add(view: View): ViewColumn {
    const kind = columnKind(view, this.store.epochs)
    const number = this.store.addColumn(kind.cells, kind.part, kind.buckets)
    const column = new ViewColumn(view, this.store, kind, number)
    this.columns.push(column)
    this.makeDeclaredRows(view)
    return column
  }

  /** Creates the rows of the declared tag values. */
  makeDeclaredRows(view: View): void {
    if (view.tagValues !== undefined) for (const tags of combinations(view)) this.store.find(tags)
  }

  remove(column: ViewColumn): void {
    const at = this.columns.indexOf(column)
    column.source.detach()
    this.columns.splice(at, 1)
    this.store.removeColumn(at)
    for (const later of this.columns.slice(at)) later.source.column--
    for (const other of this.columns) other.source.refresh() // the removed view may have backed this one
    if (this.columns.length === 0) this.store.dispose()
  }
}

/** True if the measure declares this key, or one of its views has it. */
function isKnownKey({ tagKeys, groups }: Measure, key: string): boolean {
  return tagKeys?.includes(key) === true || groups.some(({ store }) => store.labelKeys.includes(key))
}

/** The view's tag keys and context tags as one string that does not depend on their order. */
export function sortedKeys({ tagKeys, contextTags }: View): string {
  return [...[...tagKeys].sort(), '', ...[...contextTags].sort()].join('\n')
}

/** True if each row of the view is a sketch, which is a separate object. */
function isSketched({ aggregation }: View): boolean {
  return aggregation.kind === 'percentiles' || aggregation.kind === 'exponential'
}

/** How a view is stored and read: everything that depends on its aggregation. */
interface ColumnKind extends Pick<ColumnSourceOptions, 'kind' | 'bounds' | 'settings'> {
  readonly cells: CellsFactory
  /** The part of a distribution that equals the data of this view, if both views have the same rows. */
  readonly part?: DistributionPart
  readonly buckets?: number
}

function columnKind({ aggregation, measure }: View, epochs: Epochs): ColumnKind {
  switch (aggregation.kind) {
    case 'count':
      return { kind: 'scalar', cells: (rows) => new CountCells(rows), part: 'count' }
    case 'sum':
      return { kind: 'scalar', cells: (rows) => new SumCells(rows), part: 'sum' }
    case 'lastValue':
      return { kind: 'scalar', cells: (rows) => new LastValueCells(rows) }
    case 'percentiles': {
      const config = resolvePercentiles(aggregation.options, measure.unit)
      const cells: CellsFactory = () => new SketchCells(() => new PercentilesData(config, epochs.clock))
      return { kind: 'summary', cells, settings: { ...percentilesSettings(config) } }
    }
    case 'exponential': {
      const { options, bounds } = aggregation
      const search = new BucketSearch(bounds)
      const cells: CellsFactory = () => new SketchCells(() => new ExponentialData(options, search, epochs))
      return { kind: 'distribution', cells, bounds, buckets: exponentialSettings(options).maxBuckets, settings: { ...options } }
    }
    case 'distribution': {
      const { bounds } = aggregation
      const search = new BucketSearch(bounds)
      return { kind: 'distribution', cells: (rows) => new DistributionCells(rows, search, epochs), bounds, buckets: bounds.length }
    }
  }
}

/** The number of rows of a view's declared tag values. */
export function combinationCount(view: View): number {
  return view.tagKeys.reduce((product, key) => product * (view.tagValues?.[key]?.length ?? 1), 1)
}

function combinations(view: View): Record<string, string | number | boolean | undefined>[] {
  let all: Record<string, string | number | boolean | undefined>[] = [Object.fromEntries(view.tagKeys.map((key) => [key, undefined]))]
  for (const key of view.tagKeys) {
    const values = view.tagValues?.[key]
    if (values !== undefined) all = all.flatMap((tags) => values.map((value) => ({ ...tags, [key]: value })))
  }
  return all
}
