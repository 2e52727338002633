// @ts-check
// Ways to pass tags to a record: tag maps made for a request, the async context, batches; and programs that combine several ways.
import { count, currentTags, MetricRegistry, sum, TagMap, withTags } from 'tallyscope'
import { LATENCIES, twoLabels } from '../fixtures.js'
import { measured, newStats } from '../ours.js'
import { promCounter, promGauge, promHistogram } from '../peers/prom-client.js'

const TWO_KEYS = ['method', 'route']
const forty = twoLabels(40)

/** A plain object made for each record: what the ways to pass tags are compared with. */
function freshObject() {
  const { stats, measure } = measured([['count', TWO_KEYS]])
  const { methods, routes } = forty
  return (/** @type {number} */ from, /** @type {number} */ to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, 1, { method: methods[at], route: routes[at] })
    return to
  }
}

const SERIES = 50_000

/** Rows of a gauge, one of which goes and comes back. */
const connections = Array.from({ length: SERIES }, (_, at) => ({ connection: `connection-${at}` }))

function ourConnections() {
  const registry = new MetricRegistry({ limits: { rowsPerView: 2 * SERIES, totalRows: 4 * SERIES } })
  const gauge = registry.gauge('connections', { labelKeys: ['connection'] })
  for (const labels of connections) gauge.set(1, labels)
  return { registry, gauge }
}

/** A view of two tag keys, and of these context tags. @param {readonly string[]} contextTags */
function viewWith(contextTags) {
  const stats = newStats()
  const measure = stats.measure('measure')
  stats.registerView({ name: 'view', measure, tagKeys: TWO_KEYS, contextTags, aggregation: count() })
  return { stats, measure }
}

const TENANT = TagMap.of({ tenant: 'acme' })

/** @param {readonly string[]} contextTags */
const freshObjectsInTenant = (contextTags) => () => {
  const { stats, measure } = viewWith(contextTags)
  const { methods, routes } = forty
  return (/** @type {number} */ from, /** @type {number} */ to) =>
    withTags(TENANT, () => {
      for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, 1, { method: methods[at], route: routes[at] })
      return to
    })
}

/** @param {readonly string[]} contextTags */
const handleInTenant = (contextTags) => () => {
  const { stats, measure } = viewWith(contextTags)
  const handle = stats.bind(measure, { method: 'GET', route: '/cart' })
  return (/** @type {number} */ from, /** @type {number} */ to) =>
    withTags(TENANT, () => {
      for (let at = from | 0, end = to | 0; at < end; at++) handle.record(1)
      return to
    })
}

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  'TagMap.of for each record': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(measure, 1, TagMap.of({ method: methods[at], route: routes[at] }))
        }
        return to
      }
    },
    'fresh plain object': freshObject,
  },
  'a handle for each record': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.bind(measure, { method: methods[at], route: routes[at] }).record(1)
        }
        return to
      }
    },
    'fresh plain object': freshObject,
  },
  'currentTags().with for each record': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = forty
      return (from, to) =>
        withTags(TagMap.of({ method: 'GET' }), () => {
          for (let at = from | 0, end = to | 0; at < end; at++) {
            stats.record(measure, 1, currentTags().with({ method: methods[at], route: routes[at] }))
          }
          return to
        })
    },
    'fresh plain object': freshObject,
  },
  'one context tag, fresh objects': {
    tallyscope: freshObjectsInTenant(['tenant']),
    'the same view without': freshObjectsInTenant([]),
  },
  'one context tag, a bound handle': {
    tallyscope: handleInTenant(['tenant']),
    'the same view without': handleInTenant([]),
  },
  'withTags and one record, a map for each request': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = forty
      const record = () => stats.record(measure, 1)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          withTags(TagMap.of({ method: methods[at], route: routes[at] }), record)
        }
        return to
      }
    },
    'fresh plain object': freshObject,
  },
  'three records in the context of a request, its map made once': {
    tallyscope() {
      const stats = newStats()
      const measures = ['a', 'b', 'c'].map((name) => {
        const measure = stats.measure(name)
        stats.viewManager.registerView({ name, measure, tagKeys: TWO_KEYS, aggregation: count() })
        return measure
      })
      const [a, b, c] = /** @type {[any, any, any]} */ (measures)
      const tags = Array.from({ length: 40 }, (_, at) => TagMap.of({ method: forty.methods[at], route: forty.routes[at] }))
      const request = () => {
        stats.record(a, 1)
        stats.record(b, 1)
        stats.record(c, 1)
      }
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) withTags(/** @type {TagMap} */ (tags[at % 40]), request)
        return to
      }
    },
    'prom-client'() {
      const [a, b, c] = [promCounter(TWO_KEYS), promCounter(TWO_KEYS), promCounter(TWO_KEYS)]
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const method = /** @type {string} */ (methods[at])
          const route = /** @type {string} */ (routes[at])
          a.inc({ method, route })
          b.inc({ method, route })
          c.inc({ method, route })
        }
        return to
      }
    },
  },
  'a batch of two measures, fresh tags': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      const other = stats.measure('bytes')
      stats.viewManager.registerView({ name: 'bytes', measure: other, tagKeys: TWO_KEYS, aggregation: sum() })
      const { methods, routes } = forty
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const batch = stats.statsRecorder.newMeasurementMap()
          batch.put(measure, /** @type {number} */ (latencies[at])).put(other, at)
          batch.record({ method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    'prom-client'() {
      const histogram = promHistogram(TWO_KEYS)
      const counter = promCounter(TWO_KEYS)
      const { methods, routes } = forty
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const labels = { method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) }
          histogram.observe(labels, /** @type {number} */ (latencies[at]))
          counter.inc(labels, at)
        }
        return to
      }
    },
  },
  'a timer, fresh tags': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.startTimer(measure, { method: methods[at], route: routes[at] }).stop()
        }
        return to
      }
    },
    'prom-client'() {
      const histogram = promHistogram(TWO_KEYS)
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          histogram.startTimer({ method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) })()
        }
        return to
      }
    },
  },
  'one of 50,000 series removed and made again': {
    tallyscope() {
      const { gauge } = ourConnections()
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const labels = /** @type {{ connection: string }} */ (connections[at])
          gauge.remove(labels)
          gauge.set(1, labels)
        }
        return to
      }
    },
    'prom-client'() {
      const gauge = promGauge(['connection'])
      for (const labels of connections) gauge.set(labels, 1)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const labels = /** @type {{ connection: string }} */ (connections[at])
          gauge.remove(labels)
          gauge.set(labels, 1)
        }
        return to
      }
    },
  },
  'a handle, while series of another gauge come and go': {
    tallyscope() {
      const { registry, gauge } = ourConnections()
      const handle = registry.cumulative('requests', { labelKeys: ['route'] }).timeSeries({ route: '/cart' })
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const labels = /** @type {{ connection: string }} */ (connections[at])
          gauge.remove(labels)
          gauge.set(1, labels)
          handle.inc()
        }
        return to
      }
    },
    'without the handle'() {
      const { gauge } = ourConnections()
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const labels = /** @type {{ connection: string }} */ (connections[at])
          gauge.remove(labels)
          gauge.set(1, labels)
        }
        return to
      }
    },
  },
  'a thousand records, then a gathering': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, 1, { method: methods[at], route: routes[at] })
        return stats.getMetrics().length
      }
    },
    'fresh plain object': freshObject,
  },
  'four measures with two views each, fresh objects': {
    tallyscope() {
      const stats = newStats()
      const measures = ['a', 'b', 'c', 'd'].map((name) => {
        const measure = stats.measure(name, { unit: 's' })
        stats.viewManager.registerView({ name, measure, tagKeys: TWO_KEYS, aggregation: count() })
        stats.viewManager.registerView({ name: `${name}/method`, measure, tagKeys: ['method'], aggregation: sum() })
        return measure
      })
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(/** @type {any} */ (measures[at & 3]), 1, { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    'prom-client'() {
      const all = Array.from({ length: 4 }, () => [promCounter(TWO_KEYS), promCounter(['method'])])
      const { methods, routes } = forty
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const [both, one] = /** @type {[any, any]} */ (all[at & 3])
          const method = methods[at]
          both.inc({ method, route: routes[at] })
          one.inc({ method })
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
