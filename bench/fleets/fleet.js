// @ts-check
// Many series of one metric, the same for every contender: two labels, a thousand values of the first.

/** @typedef {'counters' | 'distributions'} Kind */

/**
 * The series of one contender.
 * @typedef {object} Fleet
 * @property {(at: number) => void} touch Records one value into series `at`; makes it where it is not there.
 * @property {() => Promise<number>} scrape Renders all of them in process; gives the bytes (or characters) of the document.
 * @property {() => Promise<string>} serve Serves them over HTTP on the loopback; gives the URL.
 */

export const LABELS = ['shard', 'item']

/**
 * Label values of `count` series. The strings are shared, as if they came from a closed set.
 * @param {number} count
 */
export function labelValues(count) {
  const shards = Array.from({ length: Math.min(1_000, count) }, (_, at) => `shard-${at}`)
  const items = Array.from({ length: Math.ceil(count / shards.length) }, (_, at) => `item-${at}`)
  return {
    /** @param {number} at */
    of: (at) => ({
      shard: /** @type {string} */ (shards[at % shards.length]),
      item: /** @type {string} */ (items[Math.floor(at / shards.length)]),
    }),
  }
}

/**
 * Records into a share of the series, different ones each time. They are spread over all, so that no contender has an advantage because
 * changes are next to each other.
 * @param {Pick<Fleet, 'touch'>} fleet
 * @param {number} count
 * @param {number} share From 0 to 1.
 * @param {number} round
 */
export function touchShare(fleet, count, share, round) {
  if (share <= 0) return
  const step = Math.max(1, Math.round(1 / share))
  for (let at = round % step; at < count; at += step) fleet.touch(at)
}

/** @type {{ [contender: string]: () => Promise<{ make: (kind: Kind, count: number) => Fleet }> }} */
const CONTENDERS = {
  tallyscope: () => import('./tallyscope.js'),
  'prom-client': () => import('./prom-client.js'),
  opentelemetry: () => import('./opentelemetry.js'),
  floor: () => import('./floor.js'),
  snapshots: async () => ({ make: (await import('./tallyscope.js')).makeSnapshots }),
}

/** The name of a contender in the results. @param {string} contender */
export function shownName(contender) {
  return { opentelemetry: 'OpenTelemetry', snapshots: 'tallyscope, formatText' }[contender] ?? contender
}

/**
 * @param {string} contender
 * @param {Kind} kind
 * @param {number} count
 * @returns {Promise<Fleet>}
 */
export async function makeFleet(contender, kind, count) {
  const load = CONTENDERS[contender]
  if (load === undefined) throw new Error(`no contender is called ${contender}`)
  const fleet = (await load()).make(kind, count)
  for (let at = 0; at < count; at++) fleet.touch(at)
  return fleet
}
