import { inspectValue } from '../../base/strings/inspect-value.js'
import { DefinitionError } from '../../base/errors.js'
import { warnOnce } from '../../base/logger.js'
import { exponentialSettings } from '../../metrics/histograms/exponential-options.js'
import { resolvePercentiles } from '../../metrics/histograms/percentiles-options.js'
import type { View } from './view.js'

/**
 * Compares a view with the registered one of the same name.
 * @throws {@link DefinitionError} `ERR_VIEW_CONFLICT`, which names the differences.
 */
export function checkSameView(existing: View, view: View): void {
  const [one, other] = [partsOf(existing), partsOf(view)]
  const differing = [...new Set([...one.keys(), ...other.keys()])].filter((part) => one.get(part) !== other.get(part))
  if (differing.length > 0) {
    const has = (parts: ReadonlyMap<string, string>): string => differing.flatMap((part) => parts.get(part) ?? []).join(', ')
    throw new DefinitionError(
      'ERR_VIEW_CONFLICT',
      `view ${inspectValue(view.name)} exists with ${has(one)}; this one has ${has(other)}. Unregister it first.`,
    )
  }
  if (existing.description !== view.description) {
    warnOnce('TALLYSCOPE_DESCRIPTION', view.name, `view ${view.name} was registered with two descriptions; the first stays`)
  }
}

/**
 * The properties of a view that must be equal, each as a phrase. An aggregation has only the settings of its kind. The order of keys does
 * not count: series with the same labels are the same in every format.
 */
function partsOf(view: View): ReadonlyMap<string, string> {
  const { measure, rowLimit, idleExpiryMs, exactName } = view
  const aggregation = view.aggregation.kind
  const settings = settingsOf(view)
  const [tagKeys, contextTags] = [view.tagKeys.toSorted(), view.contextTags.toSorted()]
  const tagValues = view.tagValues && Object.fromEntries(tagKeys.map((key) => [key, view.tagValues![key]]))
  const parts = { measure: measure.name, aggregation, ...settings, tagKeys, contextTags, tagValues, rowLimit, idleExpiryMs, exactName }
  return new Map(
    Object.entries(parts).map(([part, value]) => [part, value === undefined ? `no ${part}` : `${part} ${JSON.stringify(value)}`]),
  )
}

/** The settings of an aggregation with their defaults, so that neither the order of options nor a default that is given counts. */
function settingsOf({ aggregation, measure }: View): object {
  switch (aggregation.kind) {
    case 'lastValue':
      return { merge: aggregation.merge ?? 'sum' }
    case 'percentiles':
      return { options: resolvePercentiles(aggregation.options, measure.unit) }
    case 'exponential':
      return { options: exponentialSettings(aggregation.options), bounds: aggregation.bounds }
    case 'distribution':
      return { bounds: aggregation.bounds }
    default:
      return {}
  }
}
