import { currentFrame } from '../../base/context.js'
import { REFUSED } from '../../metrics/store/row-index.js'
import type { Labels } from '../../metrics/labels/shared-tag-map.js'
import type { RowStore } from '../../metrics/store/row-store.js'

/** Why a value was not accepted. */
export type DropReason = 'nan' | 'infinite' | 'negative' | 'fraction' | 'not a number' | 'too large' | 'tags'

/** A view of a measure, as the record path uses it. */
export interface Listener {
  /** True if the aggregation accepts a value that is not ordinary. Every aggregation accepts ordinary ones. */
  accepts(reason: DropReason): boolean
  /** Counts a value that was not accepted. */
  drop(reason: DropReason): void
}

/** Views of a measure with common rows. Each view is a column of the store. */
export interface ListenerGroup {
  /** Its labels are the tag keys, then the context tags. */
  readonly store: RowStore
  readonly tagKeys: readonly string[]
  readonly contextTags: readonly string[]
  readonly columns: readonly Listener[]
  /** The group whose rows were copied when a view left it for this one. */
  readonly copiedFrom: WeakRef<ListenerGroup> | undefined
}

export const NO_TAGS: Labels = Object.freeze(Object.create(null))

/** The tags of the async context. */
const currentLabels = (): Labels => (currentFrame().tags as { readonly values: Labels } | undefined)?.values ?? NO_TAGS

/** Like `RowStore.find`: reads the tag keys from these labels, the context tags from the async context. */
export const rowInContext = ({ store, tagKeys }: ListenerGroup, labels: Labels): number =>
  store.findInTwo(labels, currentLabels(), tagKeys.length)

/** The row of these labels, or REFUSED. Creates the row if there is none. */
export function rowOf(group: ListenerGroup, labels: Labels): number {
  try {
    if (typeof labels !== 'object') return REFUSED
    return group.contextTags.length === 0 ? group.store.find(labels) : rowInContext(group, labels)
  } catch {
    return REFUSED // a getter or a proxy threw
  }
}
