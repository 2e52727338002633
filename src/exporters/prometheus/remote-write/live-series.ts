import type { RowChunk } from '../../../metrics/data/row-source.js'
import type { FamilySeries, RowShape } from './family-series.js'
import type { RowLabels } from './series-labels.js'

/** The series of a row that a receiver knows. */
export interface LiveRow {
  family: FamilySeries
  shape: RowShape
  readonly labels: RowLabels
  readonly key: string
  /** Number of the export that has last met the row. */
  seenIn: number
}

/** Removed rows whose end could not be sent; beyond this number the oldest are forgotten. */
const MAX_GONE = 100_000

/**
 * The rows that a receiver knows, so that a stale marker can be sent when one is removed: otherwise its series go on for five minutes. A row is found by
 * its name and labels; rows of a chunk that has not changed are found by their place.
 */
export class LiveSeries {
  #export = 0
  readonly #rows = new Map<string, LiveRow>()
  readonly #chunks = new WeakMap<RowChunk, { version: number; readonly family: FamilySeries; rows: (LiveRow | undefined)[] }>()

  get size(): number {
    return this.#rows.size
  }

  /** Begins an export. */
  begin(): void {
    this.#export++
  }

  /** The row at this place; `read` reads its labels if they are not known. */
  row(family: FamilySeries, chunk: RowChunk, cell: number, read: () => { readonly labels: RowLabels; readonly shape: RowShape }): LiveRow {
    let known = this.#chunks.get(chunk)
    if (known === undefined || known.version !== chunk.version || known.family !== family) {
      known = { version: chunk.version, family, rows: [] }
      this.#chunks.set(chunk, known)
    }
    let row = known.rows[cell]
    if (row === undefined || this.#rows.get(row.key) !== row) {
      const { labels, shape } = read()
      const key = JSON.stringify([family.key, labels.isOverflow, labels.values])
      row = this.#rows.get(key)
      if (row === undefined) {
        row = { family, shape, labels, key, seenIn: 0 }
        this.#rows.set(key, row)
      }
      row.family = family
      row.shape = shape
      known.rows[cell] = row
    }
    row.seenIn = this.#export
    return row
  }

  /** Rows that the running export has not met. */
  gone(): LiveRow[] {
    return [...this.#rows.values()].filter(({ seenIn }) => seenIn < this.#export)
  }

  /** Forgets a row whose end was sent, unless it has come back. */
  forget(row: LiveRow): void {
    if (row.seenIn < this.#export) this.#rows.delete(row.key)
  }

  /** Forgets the removed rows beyond the limit. Returns how many. */
  prune(): number {
    const gone = this.gone()
    if (gone.length <= MAX_GONE) return 0
    gone.sort((one, other) => one.seenIn - other.seenIn)
    const surplus = gone.slice(0, gone.length - MAX_GONE)
    for (const row of surplus) this.#rows.delete(row.key)
    return surplus.length
  }
}
