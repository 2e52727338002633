import { REFUSED } from '../../metrics/store/row-index.js'
import type { Labels } from '../../metrics/store/shared-tag-map.js'
import type { RowStore } from '../../metrics/store/row-store.js'

/** Why a value was not taken. */
export type DropReason = 'nan' | 'infinite' | 'negative' | 'fraction' | 'not a number' | 'too large' | 'tags'

/** One view that listens to a measure, as the record path knows it. */
export interface Listener {
  /** Whether the aggregation takes a value that is out of the ordinary; the ordinary ones all take. */
  accepts(reason: DropReason): boolean
  /** Counts a value that was not taken. */
  drop(reason: DropReason): void
}

/** The views that listen to a measure and share their rows; each is a column of the store. */
export interface ListenerGroup {
  readonly store: RowStore
  readonly columns: readonly Listener[]
  /** Counts a value that none of the views took. */
  drop(reason: DropReason): void
}

/** The row of these labels, which is made where there is none, or REFUSED. */
export function rowOf(group: ListenerGroup, labels: Labels): number {
  try {
    return typeof labels === 'object' ? group.store.find(labels) : REFUSED
  } catch {
    return REFUSED // a getter or a proxy among the tags threw
  }
}
