// @ts-check
// The record path: one value into a counter or a distribution, with its labels found in the ways a program gives them.
import { count, distribution, MetricRegistry, sum, TagMap } from 'tallyscope'
import { build as buildHdr } from 'hdr-histogram-js'
import { BOUNDS, fiveLabels, freshText, LATENCIES, LENGTH, MASK, sparseLabels, twoLabels } from './fixtures.js'
import { CALLS } from './harness.js'
import { measured, newStats } from './ours.js'
import { AggregationType, censusMeasure, censusTags, globalStats, TagMap as CensusTagMap } from './peers/opencensus.js'
import { otelCounter, otelHistogram, otelMeter } from './peers/opentelemetry.js'
import { promCounter, promGauge, promHistogram } from './peers/prom-client.js'

const TWO_KEYS = ['method', 'route']
const FIVE_KEYS = ['method', 'route', 'status', 'region', 'version']
const KEPT = { method: 'GET', route: '/api/v1/route-3' }
const KEPT_FIVE = { method: 'GET', route: '/api/v1/route-3', status: '200', region: 'eu-central', version: 'v2' }

const forty = twoLabels(40)
const tenThousand = twoLabels(10_000)
const sparse = sparseLabels(10_000, 1_000)
const five = fiveLabels()

/** Where objects go that are made for nothing but being made, so that they are not left out. */
const shelf = { object: /** @type {unknown} */ (undefined) }

/** What the caller's own object costs, which every contender is given. */
function callersObject({ methods, routes } = forty) {
  let n = 0
  return () => {
    for (let i = 0; i < CALLS; i++) {
      const at = n++ & MASK
      shelf.object = { method: methods[at], route: routes[at] }
    }
    return n
  }
}

/** The least that finds a number by two labels: a map of maps, no checks, no names. */
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
  let n = 0
  return () => {
    for (let i = 0; i < CALLS; i++) {
      const at = n++ & MASK
      const row = byMethod.get(/** @type {string} */ (methods[at]))?.get(/** @type {string} */ (routes[at])) ?? 0
      slots[row] = /** @type {number} */ (slots[row]) + 1
    }
    return /** @type {number} */ (slots[0])
  }
}

/** Fresh objects over many rows. */
function manyRows(/** @type {typeof tenThousand} */ labels) {
  return {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = labels
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          stats.record(measure, 1, { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods, routes } = labels
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.inc({ method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) })
        }
        return n
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      const { methods, routes } = labels
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.add(1, { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    floor: () => floorOfTwoLabels(labels),
    "caller's object": () => callersObject(labels),
  }
}

/** A call that V8 does not inline: its body is too long, though never run. */
function emptyCall(/** @type {unknown} */ measure, /** @type {number} */ value, /** @type {unknown} */ tags) {
  if (value !== -1) return
  shelf.object = [measure, tags, measure, tags, [measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]]
  for (let i = 0; i < 10; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 20; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 30; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 40; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
  for (let i = 0; i < 50; i++) shelf.object = [shelf.object, measure, tags, [measure, tags, [measure, tags, { measure, tags, value }]]]
}

const counters = {
  'counter, no labels': {
    tallyscope() {
      const { stats, measure } = measured([['count', []]])
      const handle = stats.bind(measure, {})
      return () => {
        for (let i = 0; i < CALLS; i++) handle.record(1)
        return CALLS
      }
    },
    'tallyscope, record()'() {
      const { stats, measure } = measured([['count', []]])
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, 1)
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
    OpenTelemetry() {
      const counter = otelCounter()
      return () => {
        for (let i = 0; i < CALLS; i++) counter.add(1)
        return CALLS
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.COUNT, keys: [] }])
      return () => {
        for (let i = 0; i < CALLS; i++) globalStats.record([{ measure, value: 1 }])
        return CALLS
      }
    },
    floor() {
      const slots = new Int32Array(1)
      return () => {
        for (let i = 0; i < CALLS; i++) slots[0] = /** @type {number} */ (slots[0]) + 1
        return /** @type {number} */ (slots[0])
      }
    },
  },
  'counter, one bound handle': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const handle = stats.bind(measure, KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) handle.record(1)
        return CALLS
      }
    },
    'tallyscope, sum'() {
      const { stats, measure } = measured([['sum', TWO_KEYS]])
      const handle = stats.bind(measure, KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) handle.record(1)
        return CALLS
      }
    },
    'prom-client'() {
      const child = promCounter(TWO_KEYS).labels(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) child.inc()
        return CALLS
      }
    },
    floor() {
      const slots = new Float64Array(1)
      return () => {
        for (let i = 0; i < CALLS; i++) slots[0] = /** @type {number} */ (slots[0]) + 1
        return /** @type {number} */ (slots[0])
      }
    },
  },
  'counter, 10,000 bound handles in turn': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = tenThousand
      const handles = Array.from({ length: 10_000 }, (_, at) => stats.bind(measure, { method: methods[at], route: routes[at] }))
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          /** @type {typeof handles[number]} */
          handles[n]?.record(1)
          if (++n === 10_000) n = 0
        }
        return n
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods, routes } = tenThousand
      const children = Array.from({ length: 10_000 }, (_, at) => counter.labels({ method: String(methods[at]), route: String(routes[at]) }))
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          children[n]?.inc()
          if (++n === 10_000) n = 0
        }
        return n
      }
    },
    floor() {
      const slots = new Float64Array(10_000)
      const rows = Array.from({ length: 10_000 }, (_, at) => ({ slots, at }))
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const row = /** @type {typeof rows[number]} */ (rows[n])
          row.slots[row.at] = /** @type {number} */ (row.slots[row.at]) + 1
          if (++n === 10_000) n = 0
        }
        return n
      }
    },
  },
  'counter, 2 tags, one plain object kept': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, 1, KEPT)
        return CALLS
      }
    },
    'tallyscope, TagMap'() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const tags = TagMap.of(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, 1, tags)
        return CALLS
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      return () => {
        for (let i = 0; i < CALLS; i++) counter.inc(KEPT)
        return CALLS
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      return () => {
        for (let i = 0; i < CALLS; i++) counter.add(1, KEPT)
        return CALLS
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.COUNT, keys: TWO_KEYS }])
      const tags = censusTags(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) globalStats.record([{ measure, value: 1 }], tags)
        return CALLS
      }
    },
  },
  'counter, 2 tags, fresh object each time, 40 rows': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          stats.record(measure, 1, { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.inc({ method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) })
        }
        return n
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
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
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.COUNT, keys: TWO_KEYS }])
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
          globalStats.record([{ measure, value: 1 }], tags)
        }
        return n
      }
    },
    floor: () => floorOfTwoLabels(forty),
    "caller's object": () => callersObject(forty),
  },
  'counter, 5 tags, one plain object kept': {
    tallyscope() {
      const { stats, measure } = measured([['count', FIVE_KEYS]])
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, 1, KEPT_FIVE)
        return CALLS
      }
    },
    'prom-client'() {
      const counter = promCounter(FIVE_KEYS)
      return () => {
        for (let i = 0; i < CALLS; i++) counter.inc(KEPT_FIVE)
        return CALLS
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      return () => {
        for (let i = 0; i < CALLS; i++) counter.add(1, KEPT_FIVE)
        return CALLS
      }
    },
  },
  'counter, 5 tags, fresh object each time': {
    tallyscope() {
      const { stats, measure } = measured([['count', FIVE_KEYS]])
      const { methods, routes, statuses, regions, versions } = five
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          stats.record(measure, 1, {
            method: methods[at],
            route: routes[at],
            status: statuses[at],
            region: regions[at],
            version: versions[at],
          })
        }
        return n
      }
    },
    'prom-client'() {
      const counter = promCounter(FIVE_KEYS)
      const { methods, routes, statuses, regions, versions } = /** @type {{ [key: string]: any[] }} */ (five)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.inc({
            method: methods?.[at],
            route: routes?.[at],
            status: statuses?.[at],
            region: regions?.[at],
            version: versions?.[at],
          })
        }
        return n
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      const { methods, routes, statuses, regions, versions } = five
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.add(1, {
            method: methods[at],
            route: routes[at],
            status: statuses[at],
            region: regions[at],
            version: versions[at],
          })
        }
        return n
      }
    },
    "caller's object"() {
      const { methods, routes, statuses, regions, versions } = five
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          shelf.object = {
            method: methods[at],
            route: routes[at],
            status: statuses[at],
            region: regions[at],
            version: versions[at],
          }
        }
        return n
      }
    },
  },
  'counter, 2 tags, fresh objects, 10,000 rows': manyRows(tenThousand),
  'counter, 2 tags, fresh objects, 10,000 rows of a million combinations': manyRows(sparse),
  'counter, 2 tags, fresh objects and fresh strings, 10,000 rows': {
    tallyscope() {
      const { stats, measure } = measured([['count', TWO_KEYS]])
      const { methods } = tenThousand
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          stats.record(measure, 1, { method: methods[at], route: freshText('/api/v1/route', at % 2_500) })
        }
        return n
      }
    },
    'prom-client'() {
      const counter = promCounter(TWO_KEYS)
      const { methods } = tenThousand
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.inc({ method: /** @type {string} */ (methods[at]), route: freshText('/api/v1/route', at % 2_500) })
        }
        return n
      }
    },
    OpenTelemetry() {
      const counter = otelCounter()
      const { methods } = tenThousand
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          counter.add(1, { method: methods[at], route: freshText('/api/v1/route', at % 2_500) })
        }
        return n
      }
    },
    "caller's object"() {
      const { methods } = tenThousand
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          shelf.object = { method: methods[at], route: freshText('/api/v1/route', at % 2_500) }
        }
        return n
      }
    },
  },
}

const distributions = {
  'distribution, no labels': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', []]])
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, /** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    'prom-client'() {
      const histogram = promHistogram()
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.observe(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.record(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    'hdr-histogram-js'() {
      // It keeps whole numbers: microseconds here.
      const histogram = buildHdr({ lowestDiscernibleValue: 1, highestTrackableValue: 1e9, numberOfSignificantValueDigits: 2 })
      const micros = LATENCIES.map((value) => Math.round(value * 1e6))
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.recordValue(/** @type {number} */ (micros[n++ & MASK]))
        return n
      }
    },
    floor() {
      const buckets = new Int32Array(BOUNDS.length + 1)
      const sums = new Float64Array(1)
      const bounds = Float64Array.from([...BOUNDS, Number.POSITIVE_INFINITY])
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const value = /** @type {number} */ (LATENCIES[n++ & MASK])
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
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) handle.record(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    'prom-client'() {
      const child = promHistogram(TWO_KEYS).labels(KEPT)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) child.observe(/** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
  },
  'distribution, 2 tags, one TagMap reused': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      const tags = TagMap.of(KEPT)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, /** @type {number} */ (LATENCIES[n++ & MASK]), tags)
        return n
      }
    },
    'prom-client'() {
      const histogram = promHistogram(TWO_KEYS)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.observe(KEPT, /** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.record(/** @type {number} */ (LATENCIES[n++ & MASK]), KEPT)
        return n
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.DISTRIBUTION, keys: TWO_KEYS }])
      const tags = censusTags(KEPT)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          globalStats.record([{ measure, value: /** @type {number} */ (LATENCIES[n++ & MASK]) }], tags)
        }
        return n
      }
    },
  },
  'distribution, 2 tags, one plain object kept': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, /** @type {number} */ (LATENCIES[n++ & MASK]), KEPT)
        return n
      }
    },
    'prom-client'() {
      const histogram = promHistogram(TWO_KEYS)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.observe(KEPT, /** @type {number} */ (LATENCIES[n++ & MASK]))
        return n
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) histogram.record(/** @type {number} */ (LATENCIES[n++ & MASK]), KEPT)
        return n
      }
    },
  },
  'distribution of 12 buckets, fresh object, 40 rows': {
    tallyscope() {
      const { stats, measure } = measured([['distribution', TWO_KEYS]])
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
      const histogram = promHistogram(TWO_KEYS)
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          const labels = { method: /** @type {string} */ (methods[at]), route: /** @type {string} */ (routes[at]) }
          histogram.observe(labels, /** @type {number} */ (LATENCIES[at]))
        }
        return n
      }
    },
    OpenTelemetry() {
      const histogram = otelHistogram()
      const { methods, routes } = forty
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          histogram.record(/** @type {number} */ (LATENCIES[at]), { method: methods[at], route: routes[at] })
        }
        return n
      }
    },
    OpenCensus() {
      const measure = censusMeasure([{ aggregation: AggregationType.DISTRIBUTION, keys: TWO_KEYS }])
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
    "caller's object": () => callersObject(forty),
  },
}

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
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          const method = methods[at]
          const route = routes[at]
          open.add(1, { method })
          stats.record(requests, 1, { method, route, status: statuses[at] })
          stats.record(bytes, 512, { method, route })
          stats.record(latency, /** @type {number} */ (LATENCIES[at]), { method, route })
          open.add(-1, { method })
        }
        return n
      }
    },
    'prom-client'() {
      const requests = promCounter(['method', 'route', 'status'])
      const bytes = promCounter(TWO_KEYS)
      const latency = promHistogram(TWO_KEYS)
      const open = promGauge(['method'])
      const { methods, routes, statuses } = /** @type {{ [key: string]: any }} */ (five)
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          const method = methods[at]
          const route = routes[at]
          open.inc({ method })
          requests.inc({ method, route, status: statuses[at] })
          bytes.inc({ method, route }, 512)
          latency.observe({ method, route }, /** @type {number} */ (LATENCIES[at]))
          open.dec({ method })
        }
        return n
      }
    },
    OpenTelemetry() {
      const made = otelMeter()
      const requests = made.meter.createCounter('requests')
      const bytes = made.meter.createCounter('bytes')
      const latency = otelHistogram(made)
      const open = made.meter.createUpDownCounter('open')
      const { methods, routes, statuses } = five
      let n = 0
      return () => {
        for (let i = 0; i < CALLS; i++) {
          const at = n++ & MASK
          const method = methods[at]
          const route = routes[at]
          open.add(1, { method })
          requests.add(1, { method, route, status: statuses[at] })
          bytes.add(512, { method, route })
          latency.record(/** @type {number} */ (LATENCIES[at]), { method, route })
          open.add(-1, { method })
        }
        return n
      }
    },
  },
  'a measure without a view': {
    tallyscope() {
      const { stats, measure } = measured([])
      return () => {
        for (let i = 0; i < CALLS; i++) stats.record(measure, i, KEPT)
        return CALLS
      }
    },
    OpenCensus() {
      const measure = censusMeasure([])
      const tags = censusTags(KEPT)
      return () => {
        for (let i = 0; i < CALLS; i++) globalStats.record([{ measure, value: i }], tags)
        return CALLS
      }
    },
    'empty call'() {
      const empty = { call: emptyCall }
      const { measure } = measured([])
      return () => {
        for (let i = 0; i < CALLS; i++) empty.call(measure, i, KEPT)
        return CALLS
      }
    },
  },
}

/** @param {import('./harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll({ ...counters, ...distributions, ...mixed })
}
