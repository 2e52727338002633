// @ts-check
// Gauges and cumulatives: instruments outside of views.
import { MetricRegistry } from 'tallyscope'
import { MASK, twoLabels } from '../fixtures.js'
import { CALLS } from '../harness.js'
import { otelMeter } from '../peers/opentelemetry.js'
import { promCounter, promGauge } from '../peers/prom-client.js'

const KEYS = /** @type {const} */ (['method', 'route'])
const KEPT = { method: 'GET', route: '/api/v1/route-3' }
const forty = twoLabels(40)

function ourGauge() {
  return new MetricRegistry().gauge('depth', { labelKeys: KEYS })
}

function ourCumulative() {
  return new MetricRegistry().cumulative('jobs', { labelKeys: KEYS })
}

const comparisons = {
  'gauge set, bound series': {
    tallyscope() {
      const series = ourGauge().timeSeries(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) series.set(i)
        return CALLS
      }
    },
    'prom-client'() {
      const series = promGauge(KEYS).labels(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) series.set(i)
        return CALLS
      }
    },
  },
  'gauge up and down, fresh object, 40 rows': {
    tallyscope() {
      const gauge = ourGauge()
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i += 2) {
          const at = n++ & MASK
          gauge.add(1, { method: methods[at], route: routes[at] })
          gauge.add(-1, { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    'prom-client'() {
      const gauge = promGauge(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i += 2) {
          const at = n++ & MASK
          gauge.inc({ method: methods[at], route: routes[at] })
          gauge.dec({ method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    OpenTelemetry() {
      const counter = otelMeter().meter.createUpDownCounter('depth')
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i += 2) {
          const at = n++ & MASK
          counter.add(1, { method: methods[at], route: routes[at] })
          counter.add(-1, { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
  },
  'cumulative add, no labels': {
    tallyscope() {
      const series = new MetricRegistry().cumulative('jobs').defaultTimeSeries()
      return () => {
        for (let i = 0; i < CALLS; i++) series.add(1)
        return CALLS
      }
    },
    'tallyscope, unbound'() {
      const cumulative = new MetricRegistry().cumulative('jobs')
      return () => {
        for (let i = 0; i < CALLS; i++) cumulative.add(1)
        return CALLS
      }
    },
    'prom-client'() {
      const counter = promCounter()
      return () => {
        for (let i = 0; i < CALLS; i++) counter.inc()
        return CALLS
      }
    },
  },
  'cumulative add, bound series': {
    tallyscope() {
      const series = ourCumulative().timeSeries(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) series.add(1)
        return CALLS
      }
    },
    'prom-client'() {
      const series = promCounter(KEYS).labels(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) series.inc()
        return CALLS
      }
    },
  },
  'cumulative add, fresh object, 40 rows': {
    tallyscope() {
      const cumulative = ourCumulative()
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          cumulative.add(1, { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    'prom-client'() {
      const counter = promCounter(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.inc({ method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    OpenTelemetry() {
      const counter = otelMeter().meter.createCounter('jobs')
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.add(1, { method: methods[at], route: routes[at] })
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
