// @ts-check
// The record path: one value into a counter or a distribution, with the labels passed in all ways.
import { count, distribution, MetricRegistry, sum, TagMap } from 'tallyscope'
import { build as buildHdr } from 'hdr-histogram-js'
import { BOUNDS, fiveLabels, freshText, LATENCIES, sparseLabels, twoLabels } from './fixtures.js'
import { measured, newStats } from './ours.js'
import { AggregationType, censusMeasure, censusTags, globalStats, TagMap as CensusTagMap } from './peers/opencensus.js'
import { otelCounter, otelHistogram, otelMeter } from './peers/opentelemetry.js'
import { promCounter, promGauge, promHistogram } from './peers/prom-client.js'
import { LENGTH } from './walk.js'

const TWO_KEYS = ['method', 'route']
const FIVE_KEYS = ['method', 'route', 'status', 'region', 'version']
const KEPT = { method: 'GET', route: '/api/v1/route-3' }
const KEPT_FIVE = { method: 'GET', route: '/api/v1/route-3', status: '200', region: 'eu-central', version: 'v2' }

const forty = twoLabels(40)
const tenThousand = twoLabels(10_000)
const sparse = sparseLabels(10_000, 1_000)
const five = fiveLabels()

/**
 * 10,000 of a kind, in turn.
 * @template Kind
 * @param {(at: number) => Kind} make
 */
function inTurn(make) {
  const made = Array.from({ length: 10_000 }, (_, at) => make(at))
  return Array.from({ length: LENGTH }, (_, at) => /** @type {Kind} */ (made[at % made.length]))
}

/** Receives objects, so that the compiler cannot remove their allocation. */
const shelf = { object: /** @type {unknown} */ (undefined) }

/**
 * The cost of the caller's object, which every contender includes.
 * @returns {import('./harness.js').Loop}
 */
function callersObject({ methods, routes } = forty) {
  return (from, to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) {
      shelf.object = { method: methods[at], route: routes[at] }
    }
    return to
  }
}

/**
 * The simplest way to find a number by two labels: a map of maps without checks and names.
 * @returns {import('./harness.js').Loop}
 */
function floorOfTwoLabels({ methods, routes } = forty) {
  const slots = new Float64Array(65_536)
  /** @type {Map<string, Map<string, number>>} */
  const byMethod = new Map()
  let rows = 0
  for (let at = 0; at < LENGTH; at++) {
    const method = /** @type {string} */ (methods[at])
    const route = /** @type {string} */ (routes[at])
    const byRoute = byMethod.get(method) ?? new Map()
    byMethod.set(method, byRoute)
    if (!byRoute.has(route)) byRoute.set(route, rows++)
  }
  return (from, to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) {
      const row = byMethod.get(/** @type {string} */ (methods[at]))?.get(/** @type {string} */ (routes[at])) ?? 0
      slots[row] = /** @type {number} */ (slots[row]) + 1
    }
    return /** @type {number} */ (slots[0])
  }
}

/**
 * A fresh object for each record.
 * @returns {import('./harness.js').Makers}
 */
function freshObjects(/** @type {typeof tenThousand} */ labels) {
  return {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = labels
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(measure, 1, { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods, routes } = labels
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.inc({ method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) })
        }
        return to
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      const { methods, routes } = labels
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.add(1, { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    floor: () => floorOfTwoLabels(labels),
    "caller's object": () => callersObject(labels),
  }
}

/** A call that V8 does not inline, because its body is too long. */
function emptyCall(/** @type {unknown} */ measure, /** @type {number} */ value, /** @type {unknown} */ tags) {
  if (value !== -1) return
  shelf.object = [measure, tags, measure, tags, [measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]]
  for (let i = 0; i < 10; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 20; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 30; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 40; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 50; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
}

/** @type {{ [name: string]: import('./harness.js').Makers }} */
const counters = {
  'counter, no labels': {
    tallyscope() {
      const { stats, measure } = measured([['count', []]])
      const handle = stats.bind(measure, {})
      return () => {
        for (let i = 0; i < 1_024; i++) handle.record(1)
        return 1_024
      }
    },
    'tallyscope, record()'() {
      const { stats, measure } = measured([['count', []]])
      return () => {
        for (let i = 0; i < 1_024; i++) stats.record(measure, 1)
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
    OpenTelemetry() {
      const counter = otelCounter()
      return () => {
        for (let i = 0; i < 1_024; i++) counter.add(1)
        return 1_024
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.COUNT, keys: [] }])
      return () => {
        for (let i = 0; i < 1_024; i++) globalStats.record([{ measure, value: 1 }])
        return 1_024
      }
    },
    floor() {
      const slots = new Int32Array(1)
      return () => {
        for (let i = 0; i < 1_024; i++) slots[0] = /** @type {number} */ (slots[0]) + 1
        return /** @type {number} */ (slots[0])
      }
    },
  },
  'counter, no labels, not bound': {
    tallyscope() {
      const counter = new MetricRegistry().counter('jobs')
      return () => {
        for (let i = 0; i < 1_024; i++) counter.inc()
        return 1_024
      }
    },
    'tallyscope, record()'() {
      const { stats, measure } = measured([['count', []]])
      return () => {
        for (let i = 0; i < 1_024; i++) stats.record(measure, 1)
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
    floor() {
      const slots = new Int32Array(1)
      return () => {
        for (let i = 0; i < 1_024; i++) slots[0] = /** @type {number} */ (slots[0]) + 1
        return /** @type {number} */ (slots[0])
      }
    },
  },
  'counter, one bound handle': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const handle = stats.bind(measure, KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) handle.record(1)
        return 1_024
      }
    },
    'tallyscope, sum'() {
      const { stats, measure } = measured([['sum', TWO_KEYS]])
      const handle = stats.bind(measure, KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) handle.record(1)
        return 1_024
      }
    },
    'prom-client'() {
      const child = promCounter(TWO_KEYS).labels(KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) child.inc()
        return 1_024
      }
    },
    floor() {
      const slots = new Float64Array(1)
      return () => {
        for (let i = 0; i < 1_024; i++) slots[0] = /** @type {number} */ (slots[0]) + 1
        return /** @type {number} */ (slots[0])
      }
    },
  },
  'counter, 10,000 bound handles in turn': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = tenThousand
      const handles = inTurn((at) => stats.bind(measure, { method: methods[at], route: routes[at] }))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) handles[at]?.record(1)
        return to
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods, routes } = tenThousand
      const children = inTurn((at) => counter.labels({ method: String(methods[at]), route: String(routes[at]) }))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) children[at]?.inc()
        return to
      }
    },
    floor() {
      const slots = new Float64Array(10_000)
      const rows = inTurn((at) => ({ slots, at }))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const row = /** @type {typeof rows[number]} */ (rows[at])
          row.slots[row.at] = /** @type {number} */ (row.slots[row.at]) + 1
        }
        return to
      }
    },
  },
  'counter, 2 tags, one plain object kept': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      return () => {
        for (let i = 0; i < 1_024; i++) stats.record(measure, 1, KEPT)
        return 1_024
      }
    },
    'tallyscope, TagMap'() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const tags = TagMap.of(KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) stats.record(measure, 1, tags)
        return 1_024
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      return () => {
        for (let i = 0; i < 1_024; i++) counter.inc(KEPT)
        return 1_024
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      return () => {
        for (let i = 0; i < 1_024; i++) counter.add(1, KEPT)
        return 1_024
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.COUNT, keys: TWO_KEYS }])
      const tags = censusTags(KEPT)
      return () => {
        for (let i = 0; i < 1_024; i++) globalStats.record([{ measure, value: 1 }], tags)
        return 1_024
      }
    },
  },
  'counter, 2 tags, fresh object each time, 40 rows': {
    ...freshObjects(forty),
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.COUNT, keys: TWO_KEYS }])
      const { methods, routes } = forty
      const method = { name: 'method' }
      const route = { name: 'route' }
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const tags = new CensusTagMap()
          tags.set(method, { value: /** @type {string} */ (methods[at]) })
          tags.set(route, { value: /** @type {string} */ (routes[at]) })
          globalStats.record([{ measure, value: 1 }], tags)
        }
        return to
      }
    },
  },
  'counter, 5 tags, one plain object kept': {
    tallyscope() {
      const { stats, measure } = measured([['count', FIVE_KEYS]])
      return () => {
        for (let i = 0; i < 1_024; i++) stats.record(measure, 1, KEPT_FIVE)
        return 1_024
      }
    },
    'prom-client'() {
      const counter = promCounter(FIVE_KEYS)
      return () => {
        for (let i = 0; i < 1_024; i++) counter.inc(KEPT_FIVE)
        return 1_024
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      return () => {
        for (let i = 0; i < 1_024; i++) counter.add(1, KEPT_FIVE)
        return 1_024
      }
    },
  },
  'counter, 5 tags, fresh object each time': {
    tallyscope() {
      const { stats, measure } = measured([['count', FIVE_KEYS]])
      const { methods, routes, statuses, regions, versions } = five
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(measure, 1, {
            method: methods[at],
            route: routes[at],
            status: statuses[at],
            region: regions[at],
            version: versions[at],
          })
        }
        return to
      }
    },
    'prom-client'() {
      const counter = promCounter(FIVE_KEYS)
      const { methods, routes, statuses, regions, versions } = /** @type {{ [key: string]: any[] }} */ (five)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.inc({
            method: methods?.[at],
            route: routes?.[at],
            status: statuses?.[at],
            region: regions?.[at],
            version: versions?.[at],
          })
        }
        return to
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      const { methods, routes, statuses, regions, versions } = five
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.add(1, {
            method: methods[at],
            route: routes[at],
            status: statuses[at],
            region: regions[at],
            version: versions[at],
          })
        }
        return to
      }
    },
    "caller's object"() {
      const { methods, routes, statuses, regions, versions } = five
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          shelf.object = {
            method: methods[at],
            route: routes[at],
            status: statuses[at],
            region: regions[at],
            version: versions[at],
          }
        }
        return to
      }
    },
  },
  'counter, 2 tags, fresh objects, 10,000 rows': freshObjects(tenThousand),
  'counter, 2 tags, fresh objects, 10,000 rows of a million combinations': freshObjects(sparse),
  'counter, 2 tags, fresh objects and fresh strings, 10,000 rows': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods } = tenThousand
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          stats.record(measure, 1, { method: methods[at], route: freshText('/api/v1/route', at % 2_500) })
        }
        return to
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods } = tenThousand
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.inc({ method: /** @type {string} */ (methods[at]), route: freshText('/api/v1/route', at % 2_500) })
        }
        return to
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      const { methods } = tenThousand
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          counter.add(1, { method: methods[at], route: freshText('/api/v1/route', at % 2_500) })
        }
        return to
      }
    },
    "caller's object"() {
      const { methods } = tenThousand
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          shelf.object = { method: methods[at], route: freshText('/api/v1/route', at % 2_500) }
        }
        return to
      }
    },
  },
}

/** @type {{ [name: string]: import('./harness.js').Makers }} */
const distributions = {
  'distribution, no labels': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', []]])
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, /** @type {number} */ (latencies[at]))
        return to
      }
    },
    'prom-client'() {
      const histogram = promHistogram()
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.observe(/** @type {number} */ (latencies[at]))
        return to
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.record(/** @type {number} */ (latencies[at]))
        return to
      }
    },
    'hdr-histogram-js'() {
      // It keeps whole numbers: microseconds here.
      const histogram = buildHdr({ lowestDiscernibleValue: 1, highestTrackableValue: 1e9, numberOfSignificantValueDigits: 2 })
      const micros = LATENCIES.map((value) => Math.round(value * 1e6))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.recordValue(/** @type {number} */ (micros[at]))
        return to
      }
    },
    floor() {
      const buckets = new Int32Array(BOUNDS.length + 1)
      const sums = new Float64Array(1)
      const bounds = Float64Array.from([...BOUNDS, Number.POSITIVE_INFINITY])
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const value = /** @type {number} */ (latencies[at])
          let bucket = 0
          while (value > /** @type {number} */ (bounds[bucket])) bucket++
          buckets[bucket] = /** @type {number} */ (buckets[bucket]) + 1
          sums[0] = /** @type {number} */ (sums[0]) + value
        }
        return /** @type {number} */ (sums[0])
      }
    },
  },
  'distribution of 12 buckets, bound handle': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      const handle = stats.bind(measure, KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) handle.record(/** @type {number} */ (latencies[at]))
        return to
      }
    },
    'prom-client'() {
      const child = promHistogram(TWO_KEYS).labels(KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) child.observe(/** @type {number} */ (latencies[at]))
        return to
      }
    },
  },
  'distribution, 2 tags, one TagMap reused': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      const tags = TagMap.of(KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, /** @type {number} */ (latencies[at]), tags)
        return to
      }
    },
    'prom-client'() {
      const histogram = promHistogram(TWO_KEYS)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.observe(KEPT, /** @type {number} */ (latencies[at]))
        return to
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.record(/** @type {number} */ (latencies[at]), KEPT)
        return to
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.DISTRIBUTION, keys: TWO_KEYS }])
      const tags = censusTags(KEPT)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          globalStats.record([{ measure, value: /** @type {number} */ (latencies[at]) }], tags)
        }
        return to
      }
    },
  },
  'distribution, 2 tags, one plain object kept': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, /** @type {number} */ (latencies[at]), KEPT)
        return to
      }
    },
    'prom-client'() {
      const histogram = promHistogram(TWO_KEYS)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.observe(KEPT, /** @type {number} */ (latencies[at]))
        return to
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) histogram.record(/** @type {number} */ (latencies[at]), KEPT)
        return to
      }
    },
  },
  'distribution of 12 buckets, fresh object, 40 rows': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
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
      const histogram = promHistogram(TWO_KEYS)
      const { methods, routes } = forty
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const labels = { method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) }
          histogram.observe(labels, /** @type {number} */ (latencies[at]))
        }
        return to
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      const { methods, routes } = forty
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          histogram.record(/** @type {number} */ (latencies[at]), { method: methods[at], route: routes[at] })
        }
        return to
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.DISTRIBUTION, keys: TWO_KEYS }])
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
    "caller's object": () => callersObject(forty),
  },
}

/** @type {{ [name: string]: import('./harness.js').Makers }} */
const mixed = {
  'one request: 2 counters, 1 distribution, 1 gauge up and down, fresh objects': {
    tallyscope() {
      const stats = newStats()
      const requests = stats.measure('requests', { type: 'int64' })
      const bytes = stats.measure('bytes', { unit: 'By', type: 'int64' })
      const latency = stats.measure('latency', { unit: 's' })
      const open = new MetricRegistry().gauge('open', { labelKeys: ['method'] })
      const { viewManager } = stats
      viewManager.registerView({ name: 'requests', measure: requests, tagKeys: ['method', 'route', 'status'], aggregation: count() })
      viewManager.registerView({ name: 'bytes', measure: bytes, tagKeys: ['method', 'route'], aggregation: sum() })
      viewManager.registerView({ name: 'latency', measure: latency, tagKeys: TWO_KEYS, aggregation: distribution(BOUNDS) })
      const { methods, routes, statuses } = five
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const method = methods[at]
          const route = routes[at]
          open.add(1, { method })
          stats.record(requests, 1, { method, route, status: statuses[at] })
          stats.record(bytes, 512, { method, route })
          stats.record(latency, /** @type {number} */ (latencies[at]), { method, route })
          open.add(-1, { method })
        }
        return to
      }
    },
    'prom-client'() {
      const requests = promCounter(['method', 'route', 'status'])
      const bytes = promCounter(TWO_KEYS)
      const latency = promHistogram(TWO_KEYS)
      const open = promGauge(['method'])
      const { methods, routes, statuses } = /** @type {{ [key: string]: any }} */ (five)
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const method = methods[at]
          const route = routes[at]
          open.inc({ method })
          requests.inc({ method, route, status: statuses[at] })
          bytes.inc({ method, route }, 512)
          latency.observe({ method, route }, /** @type {number} */ (latencies[at]))
          open.dec({ method })
        }
        return to
      }
    },
    OpenTelemetry() {
      const made = otelMeter()
      const requests = made.meter.createCounter('requests')
      const bytes = made.meter.createCounter('bytes')
      const latency = otelHistogram(made)
      const open = made.meter.createUpDownCounter('open')
      const { methods, routes, statuses } = five
      const latencies = LATENCIES
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const method = methods[at]
          const route = routes[at]
          open.add(1, { method })
          requests.add(1, { method, route, status: statuses[at] })
          bytes.add(512, { method, route })
          latency.record(/** @type {number} */ (latencies[at]), { method, route })
          open.add(-1, { method })
        }
        return to
      }
    },
  },
  'a measure without a view': {
    tallyscope() {
      const { stats, measure } = measured([])
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) stats.record(measure, at, KEPT)
        return to
      }
    },
    OpenCensus() {
      const measure = censusMeasure([])
      const tags = censusTags(KEPT)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) globalStats.record([{ measure, value: at }], tags)
        return to
      }
    },
    'empty call'() {
      const empty = { call: emptyCall }
      const { measure } = measured([])
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) empty.call(measure, at, KEPT)
        return to
      }
    },
  },
}

/** @param {import('./harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll({ ...counters, ...distributions, ...mixed })
}
