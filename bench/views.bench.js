// @ts-check
// Several views of one measure: their look-ups are shared, so five cost little more than one.
import { TagMap } from 'tallyscope'
import { LATENCIES, MASK, twoLabels } from './fixtures.js'
import { CALLS } from './harness.js'
import { measured } from './ours.js'
import { AggregationType, censusMeasure, censusTags, globalStats, TagMap as CensusTagMap } from './peers/opencensus.js'
import { HISTOGRAM, LAST_VALUE, otelMeter, otelView, SUM } from './peers/opentelemetry.js'
import { promCounter, promGauge, promHistogram } from './peers/prom-client.js'

const TWO_KEYS = ['method', 'route']
const KEPT = { method: 'GET', route: '/api/v1/route-3' }
const BY_METHOD = { method: 'GET' }
const forty = twoLabels(40)

/** Distribution, count and sum by both tags; count and last value by one. */
const FIVE_VIEWS = /** @type {const} */ ([
  ['distribution', TWO_KEYS],
  ['count', TWO_KEYS],
  ['sum', TWO_KEYS],
  ['count', ['method']],
  ['lastValue', ['method']],
])

/** @param {Parameters<typeof measured>[0]} views */
function ours(views) {
  const { stats, measure } = measured(views)
  const tags = TagMap.of(KEPT)
  let n = 0
  return () => {
    for (let i = 0; i < CALLS; i++) stats.record(measure, /** @type {number} */ (LATENCIES[n++ & MASK]), tags)
    return n
  }
}

/** @param {Parameters<typeof censusMeasure>[0]} views */
function census(views) {
  const measure = censusMeasure(views)
  const tags = censusTags(KEPT)
  let n = 0
  return () => {
    for (let i = 0; i < CALLS; i++) {
      globalStats.record([{ measure, value: /** @type {number} */ (LATENCIES[n++ & MASK]) }], tags)
    }
    return n
  }
}

const CENSUS_FIVE = [
  { aggregation: AggregationType.DISTRIBUTION, keys: TWO_KEYS },
  { aggregation: AggregationType.COUNT, keys: TWO_KEYS },
  { aggregation: AggregationType.SUM, keys: TWO_KEYS },
  { aggregation: AggregationType.COUNT, keys: ['method'] },
  { aggregation: AggregationType.LAST_VALUE, keys: ['method'] },
]

const comparisons = {
  'TagMap of 2 tags, measure with 1 view': {
    tallyscope: () => ours(FIVE_VIEWS.slice(0, 1)),
    OpenCensus: () => census(CENSUS_FIVE.slice(0, 1)),
  },
  'TagMap of 2 tags, measure with 5 views': {
    tallyscope: () => ours(FIVE_VIEWS),
    'prom-client'() {
      const latency = promHistogram(TWO_KEYS)
      const requests = promCounter(TWO_KEYS)
      const total = promCounter(TWO_KEYS)
      const byMethod = promCounter(['method'])
      const last = promGauge(['method'])
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const value = /** @type {number} */ (LATENCIES[n++ & MASK])
          latency.observe(KEPT, value)
          requests.inc(KEPT)
          total.inc(KEPT, value)
          byMethod.inc(BY_METHOD)
          last.set(BY_METHOD, value)
        }
        return n
      }
    },
    OpenTelemetry() {
      const views = [
        otelView('v0', HISTOGRAM, TWO_KEYS),
        otelView('v1', SUM, TWO_KEYS),
        otelView('v2', SUM, TWO_KEYS),
        otelView('v3', SUM, ['method']),
        otelView('v4', LAST_VALUE, ['method']),
      ]
      const latency = otelMeter({ views }).meter.createHistogram('latency', { unit: 's' })
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) latency.record(/** @type {number} */ (LATENCIES[n++ & MASK]), KEPT)
        return n
      }
    },
    OpenCensus: () => census(CENSUS_FIVE),
  },
  'fresh object of 2 tags, measure with 5 views': {
    tallyscope() {
      const { stats, measure } = measured(FIVE_VIEWS)
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          stats.record(measure, /** @type {number} */ (LATENCIES[at]), { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    OpenCensus() {
      const measure = censusMeasure(CENSUS_FIVE)
      const { methods, routes } = forty
      const method = { name: 'method' }
      const route = { name: 'route' }
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          const tags = new CensusTagMap()
          tags.set(method, { value: /** @type {string} */ (methods[at]) })
          tags.set(route, { value: /** @type {string} */ (routes[at]) })
          globalStats.record([{ measure, value: /** @type {number} */ (LATENCIES[at]) }], tags)
        }
        return n
      }
    },
  },
}

/** @param {import('./harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
  const five = { 'five views': () => ours(FIVE_VIEWS), 'one view': () => ours(FIVE_VIEWS.slice(0, 1)) }
  bench.compare('five views over one view', five, { ours: 'five views' })
}
