import type { DistributionValue, ExponentialValue, MetricDescriptor, SummaryValue } from '../../metrics/data/metric.js'
import type { Labels } from '../../metrics/labels/shared-tag-map.js'
import type { Measure } from '../recording/measure.js'
import type { Aggregation, ViewAggregation } from './aggregation.js'
import type { View } from './view.js'
import type { ViewRow } from './view-data.js'

/** The data of a row, by the aggregation of its view. */
export type DataOf<A extends Aggregation> = A extends { readonly kind: 'count' | 'sum' | 'lastValue' }
  ? { readonly kind: A['kind']; readonly value: number }
  : A extends { readonly kind: 'distribution' }
    ? DistributionValue
    : A extends { readonly kind: 'exponential' }
      ? DistributionValue & { readonly exponential: ExponentialValue }
      : SummaryValue

/** The part of the view manager that a registered view uses. */
interface RegisteredViewSource {
  /** Undefined while the measure is not defined. */
  definition(): View | undefined
  rows(): readonly ViewRow[]
  rowOf(tags: Labels): ViewRow | undefined
  reset(): void
}

/**
 * A registered view: its definition and its current rows. Returned by `registerView()`.
 * @example
 * const requests = stats.registerView({ name: 'shop/requests', measure: latency, tagKeys: ['route'], aggregation: count() })
 * requests.rows[0]?.data.value // a number: the aggregation decides the type
 */
export class RegisteredView<A extends Aggregation = Aggregation> implements View {
  readonly name: string
  declare readonly measure: Measure
  declare readonly aggregation: ViewAggregation
  declare readonly tagKeys: readonly string[]
  declare readonly contextTags: readonly string[]
  declare readonly description: string
  declare readonly tagValues: View['tagValues']
  declare readonly rowLimit: number | undefined
  declare readonly idleExpiryMs: number | undefined
  declare readonly exactName: boolean
  declare readonly descriptor: MetricDescriptor
  readonly #source: RegisteredViewSource

  /** @internal */
  constructor(name: string, source: RegisteredViewSource) {
    this.name = name
    this.#source = source
  }

  /** The current rows; none while the measure is not defined, and after the view was unregistered. */
  get rows(): readonly ViewRow<DataOf<A>>[] {
    return this.#source.rows() as readonly ViewRow<DataOf<A>>[]
  }

  /** The row that a record with these tags goes to, or undefined if there is no such row. Changes nothing. @internal */
  rowOf(tags: Labels): ViewRow<DataOf<A>> | undefined {
    return this.#source.rowOf(tags) as ViewRow<DataOf<A>> | undefined
  }

  /** Removes all rows. Declared tag values have rows with 0 again. Other views of the measure are not changed. */
  reset(): void {
    this.#source.reset()
  }

  /** The definition. While the measure is given by name and not defined yet, it and the other properties are undefined. */
  get definition(): View | undefined {
    return this.#source.definition()
  }
}
