import type { Aggregation } from '../stats/views/aggregation.js'
import type { Measure, MeasureOptions } from '../stats/recording/measure.js'
import type { Stats } from '../stats/stats.js'

/** A measure that is known beforehand; defined on an engine when it is first needed. */
export interface ReadyMeasure extends MeasureOptions {
  readonly name: string
}

/** A view that is known beforehand, with its measure; for any engine. */
export interface ReadyView {
  readonly name: string
  readonly measure: ReadyMeasure
  readonly tagKeys: readonly string[]
  readonly aggregation: Aggregation
  readonly description: string
  /** Rows that nothing is recorded into for this long are dropped, in milliseconds. Default: never. */
  readonly idleExpiryMs?: number
}

/** The measure of this definition on `stats`. */
export function defineReadyMeasure(stats: Stats, { name, ...options }: ReadyMeasure): Measure {
  return stats.measure(name, options)
}

/**
 * Registers ready views, and the measures they need, on an engine.
 * @param moreTagKeys Keys that every view is broken down by besides its own. Default none.
 * @param contextTags Keys that every view reads from the async context, such as the tenant. Default none.
 * @throws {@link DefinitionError} if a name already represents something else.
 * @example
 * registerReadyViews(stats, openCensusHttpServerViews)
 */
export function registerReadyViews(
  stats: Stats,
  views: readonly ReadyView[],
  moreTagKeys: readonly string[] = [],
  contextTags: readonly string[] = [],
): void {
  for (const { measure, ...view } of views) {
    const tagKeys = [...new Set([...view.tagKeys, ...moreTagKeys])]
    stats.viewManager.registerView({ ...view, tagKeys, contextTags, measure: defineReadyMeasure(stats, measure) })
  }
}
