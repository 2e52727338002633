import { inspectValue } from '../../base/strings/inspect-value.js'
import { checkBooleans, checkIsObject, checkNumber, checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import type { MetricDescriptor, MetricType } from '../../metrics/data/metric.js'
import { checkedBounds, defaultBounds } from '../../metrics/histograms/bounds.js'
import { DERIVED_BOUNDS } from '../../metrics/histograms/exponential-options.js'
import { type Aggregation, exponential, percentiles, type ViewAggregation } from './aggregation.js'
import { PERCENTILES_ROW_LIMIT, resolvePercentiles } from '../../metrics/histograms/percentiles-options.js'
import { checkDescription, checkKeys, checkMergeRule, checkName } from '../../metrics/data/validate-definition.js'
import { isMeasure, type Measure } from '../recording/measure.js'

const VIEW_OPTIONS: OptionNames<ViewOptions & Pick<View, 'descriptor'>> = optionNames(
  'name measure aggregation tagKeys contextTags description tagValues rowLimit idleExpiryMs exactName descriptor',
)

export interface ViewOptions<K extends string = string, A extends Aggregation = Aggregation> {
  /** Unique in its engine, 1 to 255 printable ASCII characters. `shop/latency` in `s` is exposed as `shop_latency_seconds`. */
  readonly name: string
  /** A measure, or the name of one. A measure of this name may be defined later; until then the view has no rows. */
  readonly measure: Measure<K> | string
  /** Aggregation of the values of a row: `count()`, `sum()`, `lastValue()`, `distribution()`, `exponential()` or `percentiles()`. */
  readonly aggregation: A
  /**
   * Tag keys of the rows, at most 32. If the measure declares tag keys, they must be among those. Default: none, and one row.
   */
  readonly tagKeys?: readonly NoInfer<K>[]
  /**
   * Additional keys of the rows, which are read from the tags of the async context (`withTags`) when a value is recorded, even if the
   * record has tags. They need not be among the measure's tag keys, so that an application can use them for measures of a library. They
   * must differ from `tagKeys`; at most 32 together. Default: none.
   * @example
   * stats.registerView({ name: 'shop/latency/tenant', measure: latency, tagKeys: ['route'], contextTags: ['tenant'], aggregation: count() })
   */
  readonly contextTags?: readonly string[]
  /** Description of the metric. Default: that of the measure. */
  readonly description?: string
  /**
   * Known values by tag key. Rows for all combinations exist from the start, with 0. Default: rows are created when they are first
   * recorded.
   */
  readonly tagValues?: { readonly [key in NoInfer<K>]?: readonly (string | number | boolean)[] }
  /** Maximum number of rows, from 1. Further tags are recorded in the overflow row. Default: the engine's `rowsPerView`, 2 000; for percentiles 100. */
  readonly rowLimit?: number
  /**
   * Time after which rows without a new value are removed, in milliseconds, at least 1 000. A row that is created again has a new start
   * time. Default: never.
   */
  readonly idleExpiryMs?: number
  /** Exposes the name unchanged, without a unit or `_total`. Default false. */
  readonly exactName?: boolean
}

/**
 * The definition of a view: name, measure, aggregation, tag keys and context tags. Immutable. `stats.registerView()` creates one from the
 * same options.
 * @throws {@link DefinitionError} `ERR_NAME`, `ERR_VIEW_MEASURE`, `ERR_VIEW_AGGREGATION`, `ERR_KEYS`, `ERR_TAG_VALUES` or `ERR_OPTION` if
 *   an option is not valid.
 * @example
 * stats.registerView(new View({ name: 'shop/requests', measure: latency, tagKeys: ['method'], aggregation: count() }))
 */
export class View {
  readonly name: string
  readonly measure: Measure
  readonly aggregation: ViewAggregation
  readonly tagKeys: readonly string[]
  /** Keys read from the tags of the async context. */
  readonly contextTags: readonly string[]
  readonly description: string
  readonly tagValues: { readonly [key: string]: readonly (string | number | boolean)[] | undefined } | undefined
  readonly rowLimit: number | undefined
  readonly idleExpiryMs: number | undefined
  readonly exactName: boolean
  /** The descriptor of the view's metric. */
  readonly descriptor: MetricDescriptor

  constructor(options: ViewOptions) {
    checkIsObject('a view', options)
    const { name, measure, aggregation, tagKeys = [], contextTags = [] } = options
    checkName('view', name)
    checkOptions(`view ${name}`, options as ViewOptions & Pick<View, 'descriptor'>, VIEW_OPTIONS)
    if (!isMeasure(measure)) throw noMeasure(name, measure)
    checkKeys('view', name, tagKeys)
    checkContextTags(name, tagKeys, contextTags)
    const foreign = tagKeys.find((key) => measure.tagKeys?.includes(key) === false)
    if (foreign !== undefined) throw notAmong(measure, name, foreign)
    this.name = name
    this.measure = measure
    this.aggregation = forMeasure(aggregation, measure, name)
    this.tagKeys = Object.freeze([...tagKeys])
    this.contextTags = Object.freeze([...contextTags])
    this.description = options.description ?? measure.description
    checkDescription('view', name, this.description)
    this.tagValues = checkTagValues(name, this.tagKeys, options.tagValues)
    const { rowLimit = this.aggregation.kind === 'percentiles' ? PERCENTILES_ROW_LIMIT : undefined, idleExpiryMs } = options
    const view = `of view ${name}`
    if (rowLimit !== undefined) checkNumber('ERR_OPTION', `rowLimit ${view}`, rowLimit, { min: 1, integer: true })
    if (idleExpiryMs !== undefined) checkNumber('ERR_OPTION', `idleExpiryMs ${view}`, idleExpiryMs, { min: 1_000, integer: true })
    this.rowLimit = rowLimit
    this.idleExpiryMs = idleExpiryMs
    checkBooleans('ERR_OPTION', { [`exactName ${view}`]: options.exactName })
    this.exactName = options.exactName === true
    this.descriptor = Object.freeze({
      name,
      description: this.description,
      unit: aggregation.kind === 'count' ? '1' : measure.unit,
      type: metricType(aggregation, measure),
      labelKeys: Object.freeze([...tagKeys, ...contextTags]),
      ...(this.exactName && { exactName: true }),
      ...(this.aggregation.kind === 'lastValue' && this.aggregation.merge !== undefined && { merge: this.aggregation.merge }),
    })
    Object.freeze(this)
  }
}

function checkContextTags(view: string, tagKeys: readonly string[], contextTags: unknown): asserts contextTags is readonly string[] {
  checkKeys('view', view, contextTags)
  const twice = contextTags.find((key) => tagKeys.includes(key))
  if (twice !== undefined) {
    throw new DefinitionError(
      'ERR_KEYS',
      `a key is read either from the tags of a record or from the context: view ${view} has ${inspectValue(twice)} in tagKeys and in contextTags`,
    )
  }
  checkKeys('view', view, [...tagKeys, ...contextTags])
}

function notAmong({ tagKeys = [] }: Measure, view: string, key: string): DefinitionError {
  const rule = `tag keys of a view must be among its measure's (${tagKeys.join(', ')})`
  return new DefinitionError('ERR_KEYS', `${rule}: view ${view} has ${inspectValue(key)}`)
}

function noMeasure(view: string, given: unknown): DefinitionError {
  const what =
    typeof given === 'string'
      ? `the string ${inspectValue(given)}, which only registerView() can look up`
      : String(given == null ? given : `a ${typeof given}`)
  return new DefinitionError('ERR_VIEW_MEASURE', `a view needs a measure, made by stats.measure(): view ${view} has ${what}`)
}

function metricType(aggregation: Aggregation, measure: Measure): MetricType {
  const number = measure.type === 'int64' ? 'INT64' : 'DOUBLE'
  switch (aggregation.kind) {
    case 'count':
      return 'CUMULATIVE_INT64'
    case 'sum':
      return measure.signed ? `GAUGE_${number}` : `CUMULATIVE_${number}`
    case 'lastValue':
      return `GAUGE_${number}`
    case 'distribution':
    case 'exponential':
      return 'CUMULATIVE_DISTRIBUTION'
    case 'percentiles':
      return 'SUMMARY'
  }
}

function forMeasure(aggregation: Aggregation, measure: Measure, view: string): ViewAggregation {
  switch (aggregation?.kind) {
    case 'count':
    case 'sum':
      return aggregation
    case 'lastValue':
      checkMergeRule(`view ${view}`, aggregation.merge)
      return aggregation
    case 'distribution': {
      const bounds = checkedBounds(aggregation.bounds === undefined ? defaultBounds(measure.unit) : aggregation.bounds) // an aggregation may be plain data of the caller
      return { kind: 'distribution', bounds: measure.signed ? bounds : Object.freeze(bounds.filter((bound) => bound >= 0)) }
    }
    case 'exponential': {
      const bounds = checkedBounds(aggregation.bounds === undefined ? DERIVED_BOUNDS : aggregation.bounds)
      return exponential({ ...aggregation.options, bounds: measure.signed ? bounds : bounds.filter((bound) => bound >= 0) })
    }
    case 'percentiles': {
      const own = percentiles(aggregation.options)
      resolvePercentiles(own.options, measure.unit)
      return own
    }
    default:
      throw noAggregation(view, aggregation)
  }
}

function noAggregation(view: string, given: unknown): DefinitionError {
  const what = typeof given === 'function' ? 'a function that is not called' : given == null ? 'none' : inspectValue(given)
  return new DefinitionError('ERR_VIEW_AGGREGATION', `a view needs an aggregation such as count(): view ${view} has ${what}`)
}

/** Copies declared tag values in the order of the view's keys. */
function checkTagValues(view: string, tagKeys: readonly string[], given: unknown): View['tagValues'] {
  if (given === undefined) return undefined
  const lists = new Map(typeof given === 'object' && given !== null ? Object.entries(given) : [['', given]])
  for (const [key, values] of lists) {
    const isList = Array.isArray(values) && values.every((value) => ['string', 'number', 'boolean'].includes(typeof value))
    if (tagKeys.includes(key) && (isList || values === undefined)) continue
    throw new DefinitionError(
      'ERR_TAG_VALUES',
      `declared tag values must be lists of strings, numbers or booleans by tag key: view ${view} has others for ${inspectValue(key)}`,
    )
  }
  const copy: Record<string, readonly string[]> = Object.create(null) // a tag key may be `constructor`
  for (const key of tagKeys) {
    const values = lists.get(key)
    if (values !== undefined) copy[key] = Object.freeze([...(values as string[])])
  }
  return Object.freeze(copy)
}
