// @ts-check
// Gauges and counters of a registry.
import { MetricRegistry } from 'tallyscope'
import { twoLabels } from '../fixtures.js'
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

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  'gauge set, bound series': {
    tallyscope() {
      const series = ourGauge().timeSeries(KEPT)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) series.set(at)
        return to
      }
    },
    'prom-client'() {
      const series = promGauge(KEYS).labels(KEPT)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) series.set(at)
        return to
      }
    },
  },
  'gauge set, no labels, not bound': {
    tallyscope() {
      const gauge = new MetricRegistry().gauge('depth')
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) gauge.set(at)
        return to
      }
    },
    'prom-client'() {
      const gauge = promGauge()
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) gauge.set(at)
        return to
      }
    },
  },
  'gauge up and down, fresh object, 40 rows': {
    tallyscope() {
      const gauge = ourGauge()
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at += 2) {
          gauge.add(1, { method: methods[at], route: routes[at] })
          gauge.add(-1, { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    'prom-client'() {
      const gauge = promGauge(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at += 2) {
          gauge.inc({ method: methods[at], route: routes[at] })
          gauge.dec({ method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    OpenTelemetry() {
      const counter = otelMeter().meter.createUpDownCounter('depth')
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at += 2) {
          counter.add(1, { method: methods[at], route: routes[at] })
          counter.add(-1, { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
  },
  'cumulative add, no labels': {
    tallyscope() {
      const series = new MetricRegistry().cumulative('jobs').defaultTimeSeries()
      return () => {
        for (let i = 0; i < 1_024; i++) series.add(1)
        return 1_024
      }
    },
    'tallyscope, unbound'() {
      const cumulative = new MetricRegistry().cumulative('jobs')
      return () => {
        for (let i = 0; i < 1_024; i++) cumulative.add(1)
        return 1_024
      }
    },
    'prom-client'() {
      const counter = promCounter()
      return () => {
        for (let i = 0; i < 1_024; i++) counter.inc()
        return 1_024
      }
    },
  },
  'cumulative add, bound series': {
    tallyscope() {
      const series = ourCumulative().timeSeries(KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) series.add(1)
        return 1_024
      }
    },
    'prom-client'() {
      const series = promCounter(KEYS).labels(KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) series.inc()
        return 1_024
      }
    },
  },
  'cumulative add, series looked up each time, 40 rows': {
    tallyscope() {
      const cumulative = ourCumulative()
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          cumulative.timeSeries({ method: methods[at], route: routes[at] }).inc()
        }
        return to
      }
    },
    'prom-client'() {
      const counter = promCounter(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.labels({ method: methods[at], route: routes[at] }).inc()
        }
        return to
      }
    },
  },
  'cumulative add, fresh object, 40 rows': {
    tallyscope() {
      const cumulative = ourCumulative()
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          cumulative.add(1, { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    'prom-client'() {
      const counter = promCounter(KEYS)
      const { methods, routes } = /** @type {{ [key: string]: any }} */ (forty)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.inc({ method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    OpenTelemetry() {
      const counter = otelMeter().meter.createCounter('jobs')
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.add(1, { method: methods[at], route: routes[at] })
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
