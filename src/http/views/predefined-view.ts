import { checkStringLists } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import type { Aggregation } from '../../stats/views/aggregation.js'
import type { Measure, MeasureOptions } from '../../stats/recording/measure.js'
import type { Stats } from '../../stats/stats.js'

/** A predefined measure. It is defined on an engine when it is first needed. */
export interface ReadyMeasure extends MeasureOptions {
  readonly name: string
}

/** A predefined view with its measure, for any engine. */
export interface ReadyView {
  readonly name: string
  readonly measure: ReadyMeasure
  readonly tagKeys: readonly string[]
  readonly aggregation: Aggregation
  readonly description: string
  /** Rows without a value for this time are removed, in milliseconds. Default: never. */
  readonly idleExpiryMs?: number
}

/** Defines the measure on `stats`, or returns the existing one. */
export function defineReadyMeasure(stats: Stats, { name, ...options }: ReadyMeasure): Measure {
  return stats.measure(name, options)
}

/**
 * Registers predefined views and their measures on an engine.
 * @param moreTagKeys Additional tag keys of every view. Default: none.
 * @param contextTags Keys that every view reads from the async context, such as the tenant. Default: none.
 * @throws {@link DefinitionError} `ERR_OPTION` unless `views` is a list of such views and the keys are lists of strings; if a name
 *   has another definition.
 * @example
 * registerReadyViews(stats, openCensusHttpServerViews)
 */
export function registerReadyViews(
  stats: Stats,
  views: readonly ReadyView[],
  moreTagKeys: readonly string[] = [],
  contextTags: readonly string[] = [],
): void {
  if (!Array.isArray(views) || !views.every(isReadyView))
    throw new DefinitionError('ERR_OPTION', `views must be a list such as httpServerViews: it is ${inspectValue(views)}`)
  checkStringLists('ERR_OPTION', { moreTagKeys, contextTags })
  for (const { measure, ...view } of views) {
    const tagKeys = [...new Set([...view.tagKeys, ...moreTagKeys])]
    stats.viewManager.registerView({ ...view, tagKeys, contextTags, measure: defineReadyMeasure(stats, measure) })
  }
}

function isReadyView(view: unknown): view is ReadyView {
  const { measure, tagKeys } = (view ?? {}) as Partial<ReadyView>
  return typeof measure === 'object' && measure !== null && Array.isArray(tagKeys)
}
