import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { type Aggregation, count, distribution, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'

/** A value that an engine is given in one of its ways, a view that comes or goes, rows that go. */
type Step =
  | { readonly do: 'record'; readonly way: 'object' | 'map' | 'handle' | 'attached'; readonly tag: string; readonly value: number }
  | { readonly do: 'leave' | 'join' | 'forget'; readonly view: number; readonly tag: string }

const AGGREGATIONS: readonly (() => Aggregation)[] = [count, sum, () => distribution([1, 2, 1e300]), lastValue, count]
const TAGS = ['a', 'b']

/** An engine whose views of one measure are as given, and what it says of them. */
class Engine {
  readonly #stats = new Stats()
  readonly #measure
  readonly #maps = new Map(TAGS.map((tag) => [tag, TagMap.of({ tag })]))
  readonly #handles
  readonly #views: readonly number[]

  constructor(views: readonly number[], signed: boolean) {
    this.#measure = this.#stats.measure('m', { signed })
    this.#handles = new Map(TAGS.map((tag) => [tag, this.#stats.bind(this.#measure, { tag })]))
    this.#views = views
    for (const view of views) this.#join(view)
  }

  #join(view: number): void {
    const aggregation = AGGREGATIONS[view]!()
    this.#stats.viewManager.registerView({ name: `v${view}`, measure: this.#measure, tagKeys: ['tag'], aggregation })
  }

  take(step: Step): void {
    if (step.do === 'record') this.#record(step)
    else if (!this.#views.includes(step.view)) return
    else if (step.do === 'leave') this.#stats.viewManager.unregisterView(`v${step.view}`)
    else if (step.do === 'join') this.#join(step.view)
    else this.#stats.viewManager.removeRows(`v${step.view}`, { tag: step.tag })
  }

  #record({ way, tag, value }: Step & { do: 'record' }): void {
    if (way === 'object') this.#stats.record(this.#measure, value, { tag })
    else if (way === 'map') this.#stats.record(this.#measure, value, this.#maps.get(tag)!)
    else if (way === 'handle') this.#handles.get(tag)!.record(value)
    else this.#stats.record(this.#measure, value, { tag }, { trace_id: String(value) })
  }

  /**
   * What a view's rows hold, but for times. A row that another view has made is there, with nothing in it. Sums are rounded:
   * they are added up in another order where whole numbers are kept apart.
   */
  read(view: number): unknown {
    const rows = this.#stats.viewManager.getView(`v${view}`)?.rows.filter(({ data }) => ('value' in data ? data.value : data.count) !== 0)
    const data = rows?.map(({ tagValues, data: found }) => [tagValues['tag'], found])
    return JSON.stringify(
      data?.sort(([a], [b]) => String(a).localeCompare(String(b))),
      (key, found: unknown) => (key === 'timeUnixMs' ? 0 : typeof found === 'number' ? found.toPrecision(10) : found),
    )
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      way: fc.constantFrom('object' as const, 'map' as const, 'handle' as const, 'attached' as const),
      tag: fc.constantFrom(...TAGS),
      value: fc.oneof(
        fc.constantFrom(0, 1, 2, 3, 0.5, 2 ** 31, 1e308, 1.7e308, -1, Number.NaN, Infinity),
        fc.integer({ min: 0, max: 1_000 }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('leave' as const, 'join' as const, 'forget' as const),
      view: fc.nat(AGGREGATIONS.length - 1),
      tag: fc.constantFrom(...TAGS),
    }),
  },
)

test('views that share rows have the same data as separate views', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 2 }),
      fc.array(step, { maxLength: 40 }),
      (signed, views, steps) => {
        const together = new Engine(views, signed)
        const alone = views.map((view) => new Engine([view], signed))
        for (const each of steps) for (const engine of [together, ...alone]) engine.take(each)
        expect(views.map((view) => together.read(view))).toEqual(views.map((view, at) => alone[at]!.read(view)))
      },
    ),
    { numRuns: 600, seed: 7 },
  )
})
