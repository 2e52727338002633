// @ts-check
// Several views of one measure. Their look-ups are shared, so that five views cost little more than one.
import { TagMap } from 'tallyscope'
import { LATENCIES, twoLabels } from './fixtures.js'
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

const CENSUS_FIVE = [
  { aggregation: AggregationType.DISTRIBUTION, keys: TWO_KEYS },
  { aggregation: AggregationType.COUNT, keys: TWO_KEYS },
  { aggregation: AggregationType.SUM, keys: TWO_KEYS },
  { aggregation: AggregationType.COUNT, keys: ['method'] },
  { aggregation: AggregationType.LAST_VALUE, keys: ['method'] },
]

/**
 * Makes a case that several comparisons use only once, because a second closure of the same loop would change its type feedback.
 * @param {() => import('./harness.js').Loop} make
 */
function once(make) {
  /** @type {import('./harness.js').Loop | undefined} */
  let loop
  return () => (loop ??= make())
}

const oneView = once(() => {
  const { stats, measure } = measured(FIVE_VIEWS.slice(0, 1))
  const tags = TagMap.of(KEPT)
  const latencies = LATENCIES
  return (from, to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, /** @type {number} */ (latencies[at]), tags)
    return to
  }
})

const fiveViews = once(() => {
  const { stats, measure } = measured(FIVE_VIEWS)
  const tags = TagMap.of(KEPT)
  const latencies = LATENCIES
  return (from, to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, /** @type {number} */ (latencies[at]), tags)
    return to
  }
})

/** @type {{ [name: string]: import('./harness.js').Makers }} */
const comparisons = {
  'TagMap of 2 tags, measure with 1 view': {
    tallyscope: oneView,
    OpenCensus() {
      const measure = censusMeasure(CENSUS_FIVE.slice(0, 1))
      const tags = censusTags(KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++)
          globalStats.record([{ measure, value: /** @type {number} */ (latencies[at]) }], tags)
        return to
      }
    },
  },
  'TagMap of 2 tags, measure with 5 views': {
    tallyscope: fiveViews,
    'prom-client'() {
      const latency = promHistogram(TWO_KEYS)
      const requests = promCounter(TWO_KEYS)
      const total = promCounter(TWO_KEYS)
      const byMethod = promCounter(['method'])
      const last = promGauge(['method'])
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const value = /** @type {number} */ (latencies[at])
          latency.observe(KEPT, value)
          requests.inc(KEPT)
          total.inc(KEPT, value)
          byMethod.inc(BY_METHOD)
          last.set(BY_METHOD, value)
        }
        return to
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
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) latency.record(/** @type {number} */ (latencies[at]), KEPT)
        return to
      }
    },
    OpenCensus() {
      const measure = censusMeasure(CENSUS_FIVE)
      const tags = censusTags(KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++)
          globalStats.record([{ measure, value: /** @type {number} */ (latencies[at]) }], tags)
        return to
      }
    },
  },
  'fresh object of 2 tags, measure with 5 views': {
    tallyscope() {
      const { stats, measure } = measured(FIVE_VIEWS)
      const { methods, routes } = forty
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(measure, /** @type {number} */ (latencies[at]), { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    OpenCensus() {
      const measure = censusMeasure(CENSUS_FIVE)
      const { methods, routes } = forty
      const method = { name: 'method' }
      const route = { name: 'route' }
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const tags = new CensusTagMap()
          tags.set(method, { value: /** @type {string} */ (methods[at]) })
          tags.set(route, { value: /** @type {string} */ (routes[at]) })
          globalStats.record([{ measure, value: /** @type {number} */ (latencies[at]) }], tags)
        }
        return to
      }
    },
  },
}

/** @param {import('./harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
  const five = { 'five views': fiveViews, 'one view': oneView }
  bench.compare('five views over one view', five, { ours: 'five views' })
}
