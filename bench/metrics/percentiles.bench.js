// @ts-check
// Percentiles over a sliding window: ours use HdrHistogram, prom-client's summaries use a t-digest.
import { build as buildHdr } from 'hdr-histogram-js'
import { percentiles } from 'tallyscope'
import { LATENCIES, twoLabels } from '../fixtures.js'
import { newStats } from '../ours.js'
import { promSummary } from '../peers/prom-client.js'

const KEYS = ['method', 'route']
const KEPT = { method: 'GET', route: '/api/v1/route-3' }
const forty = twoLabels(40)

/** @param {string[]} tagKeys */
function percentileView(tagKeys) {
  const stats = newStats()
  const measure = stats.measure('latency', { unit: 's' })
  stats.viewManager.registerView({ name: 'latency', measure, tagKeys, aggregation: percentiles() })
  return { stats, measure }
}

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  'percentiles, no labels': {
    tallyscope() {
      const { stats, measure } = percentileView([])
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, /** @type {number} */ (latencies[at]))
        return to
      }
    },
    'prom-client'() {
      const summary = promSummary()
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) summary.observe(/** @type {number} */ (latencies[at]))
        return to
      }
    },
    'hdr-histogram-js'() {
      // Whole numbers only, no windows: what is under ours.
      const histogram = buildHdr({
        lowestDiscernibleValue: 1,
        highestTrackableValue: 2,
        numberOfSignificantValueDigits: 2,
        autoResize: true,
      })
      const nanos = LATENCIES.map((value) => Math.round(value * 1e9))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.recordValue(/** @type {number} */ (nanos[at]))
        return to
      }
    },
  },
  'percentiles, bound handle': {
    tallyscope() {
      const { stats, measure } = percentileView(KEYS)
      const handle = stats.bind(measure, KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) handle.record(/** @type {number} */ (latencies[at]))
        return to
      }
    },
    'prom-client'() {
      const child = promSummary(KEYS).labels(KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) child.observe(/** @type {number} */ (latencies[at]))
        return to
      }
    },
  },
  'percentiles, 2 labels, fresh object': {
    tallyscope() {
      const { stats, measure } = percentileView(KEYS)
      const { methods, routes } = forty
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(measure, /** @type {number} */ (latencies[at]), { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    'prom-client'() {
      const summary = promSummary(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          summary.observe({ method: methods[at], route: routes[at] }, /** @type {number} */ (latencies[at]))
        }
        return to
      }
    },
  },
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
}
