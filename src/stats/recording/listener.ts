import { currentFrame } from '../../base/context.js'
import { REFUSED } from '../../metrics/store/row-index.js'
import type { Labels } from '../../metrics/store/shared-tag-map.js'
import type { RowStore } from '../../metrics/store/row-store.js'

/** Why a value was not accepted. */
export type DropReason = 'nan' | 'infinite' | 'negative' | 'fraction' | 'not a number' | 'too large' | 'tags'

/** One view that listens to a measure, as the record path knows it. */
export interface Listener {
  /** Whether the aggregation takes a value that is out of the ordinary; the ordinary ones all take. */
  accepts(reason: DropReason): boolean
  /** Counts a value that was not accepted. */
  drop(reason: DropReason): void
}

/** The views that listen to a measure and share their rows; each is a column of the store. */
export interface ListenerGroup {
  /** Its labels are the tag keys, then the context tags. */
  readonly store: RowStore
  readonly tagKeys: readonly string[]
  readonly contextTags: readonly string[]
  readonly columns: readonly Listener[]
  /** Counts a value that none of the views took. */
  drop(reason: DropReason): void
}

export const NO_TAGS: Labels = Object.freeze(Object.create(null))

/** The tags of the async context. */
export const currentLabels = (): Labels => (currentFrame().tags as { readonly values: Labels } | undefined)?.values ?? NO_TAGS

/** As `RowStore.find`: the tag keys are read from these labels, the context tags from the async context. */
export const rowInContext = ({ store, tagKeys }: ListenerGroup, labels: Labels): number =>
  store.findInTwo(labels, currentLabels(), tagKeys.length)

/** The row of these labels, which is made where there is none, or REFUSED. */
export function rowOf(group: ListenerGroup, labels: Labels): number {
  try {
    if (typeof labels !== 'object') return REFUSED
    return group.contextTags.length === 0 ? group.store.find(labels) : rowInContext(group, labels)
  } catch {
    return REFUSED // a getter or a proxy among the tags threw
  }
}
