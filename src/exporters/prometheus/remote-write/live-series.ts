import type { RowChunk } from '../../../metrics/data/row-source.js'
import { type FamilySeries, type RowShape, seriesIn } from './family-series.js'
import type { RowLabels } from './series-labels.js'

/** A row whose series the receiver has. */
export interface LiveRow {
  family: FamilySeries
  shape: RowShape
  labels: RowLabels
  readonly key: string
  /** The number of the last export that contained the row. */
  seenIn: number
  /** For the series that a row had before it got others, such as buckets with other bounds: the key of that row. */
  readonly formerOf?: string
}

/** A row whose series get stale markers. */
export interface EndedRow {
  readonly row: LiveRow
  /** Those of its series that continue. */
  readonly kept: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

/** Maximum number of removed rows whose stale markers were not delivered. Beyond it, the oldest are dropped. */
const MAX_GONE = 100_000

/**
 * The rows that a receiver has. When one is removed, stale markers end its series, which would otherwise continue for five minutes. If a row
 * gets other series, those that it had become a row of their own, which is removed. A row is found by its name and labels, or by its cell
 * if the chunk has not changed.
 */
export class LiveSeries {
  #export = 0
  readonly #rows = new Map<string, LiveRow>()
  readonly #chunks = new WeakMap<RowChunk, { version: number; readonly family: FamilySeries; rows: (LiveRow | undefined)[] }>()

  get size(): number {
    return this.#rows.size
  }

  begin(): void {
    this.#export++
  }

  /** Returns the row of a cell, and marks it as part of this export. Calls `read` if the row of the cell is not known. */
  row(family: FamilySeries, chunk: RowChunk, cell: number, read: () => { readonly labels: RowLabels; readonly shape: RowShape }): LiveRow {
    let known = this.#chunks.get(chunk)
    if (known === undefined || known.version !== chunk.version || known.family !== family) {
      known = { version: chunk.version, family, rows: [] }
      this.#chunks.set(chunk, known)
    }
    let row = known.rows[cell]
    if (row === undefined || this.#rows.get(row.key) !== row) {
      const { labels, shape } = read()
      const key = family.keyOf(labels)
      row = this.#rows.get(key)
      if (row === undefined) {
        row = { family, shape, labels, key, seenIn: 0 }
        this.#rows.set(key, row)
      } else if (row.seenIn < this.#export && endsSeries(row.shape, shape)) {
        const former = { ...row, key: `${key}\n${this.#export}`, formerOf: key }
        this.#rows.set(former.key, former)
      }
      row.family = family
      row.shape = shape
      row.labels = labels
      known.rows[cell] = row
    }
    row.seenIn = this.#export
    return row
  }

  /** The rows with series that are not part of this export. */
  ended(): EndedRow[] {
    const ended: EndedRow[] = []
    for (const row of this.#gone()) {
      const present = row.formerOf === undefined ? undefined : this.#rows.get(row.formerOf)
      if (present === undefined) ended.push({ row, kept: NONE })
      else if (endsSeries(row.shape, present.shape)) ended.push({ row, kept: seriesIn(present.shape) })
      else this.#rows.delete(row.key) // all of its series are back
    }
    return ended
  }

  /** The rows that are not part of this export. */
  #gone(): LiveRow[] {
    return [...this.#rows.values()].filter(({ seenIn }) => seenIn < this.#export)
  }

  /** Removes a row whose stale markers were delivered, unless it is part of this export again. */
  remove(row: LiveRow): void {
    if (row.seenIn < this.#export) this.#rows.delete(row.key)
  }

  /** Drops removed rows beyond the limit. Returns their number. */
  prune(): number {
    const gone = this.#gone()
    if (gone.length <= MAX_GONE) return 0
    gone.sort((one, other) => one.seenIn - other.seenIn)
    const surplus = gone.slice(0, gone.length - MAX_GONE)
    for (const row of surplus) this.#rows.delete(row.key)
    return surplus.length
  }
}

/** True if a row that gets this shape loses some of its series. */
function endsSeries(before: RowShape, now: RowShape): boolean {
  if (areEqual(before, now)) return false // the usual case
  const series = seriesIn(now)
  for (const each of seriesIn(before)) if (!series.has(each)) return true
  return false
}

function areEqual(one: RowShape, other: RowShape): boolean {
  const haveEqualKinds = one.kind === other.kind && one.isClassic === other.isClassic && one.isNative === other.isNative
  return haveEqualKinds && one.own.length === other.own.length && one.own.every((value, at) => value === other.own[at])
}
