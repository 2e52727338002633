// @ts-check
// Percentiles over a sliding time: ours on HdrHistogram, prom-client's summaries on a t-digest.
import { build as buildHdr } from 'hdr-histogram-js'
import { percentiles } from 'tallyscope'
import { LATENCIES, MASK, twoLabels } from '../fixtures.js'
import { CALLS } from '../harness.js'
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

const comparisons = {
  'percentiles, no labels': {
    tallyscope() {
      const { stats, measure } = percentileView([])
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, /** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    'prom-client'() {
      const summary = promSummary()
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) summary.observe(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
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
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.recordValue(/** @type {number} */ (nanos[n++ & MASK]))
        return n
      }
    },
  },
  'percentiles, bound handle': {
    tallyscope() {
      const { stats, measure } = percentileView(KEYS)
      const handle = stats.bind(measure, KEPT)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) handle.record(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    'prom-client'() {
      const child = promSummary(KEYS).labels(KEPT)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) child.observe(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
  },
  'percentiles, 2 labels, fresh object': {
    tallyscope() {
      const { stats, measure } = percentileView(KEYS)
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
    'prom-client'() {
      const summary = promSummary(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          summary.observe({ method: methods[at], route: routes[at] }, /** @type {number} */ (LATENCIES[at]))
        }
        return n
      }
    },
  },
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
}
