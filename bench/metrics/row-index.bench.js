// @ts-check
// Finding the row of label values, and the id of a string: the engine compared with other data structures.
import { Label } from '../../build/metrics/labels/label-dictionary.js'
import { RowIndex } from '../../build/metrics/store/row-index.js'
import { randomBelow, sparseLabels, twoLabels } from '../fixtures.js'
import { LENGTH } from '../walk.js'

/** @typedef {{ methods: string[], routes: string[] }} Labels */

/**
 * @param {Labels} labels
 * @returns {import('../harness.js').Makers}
 */
function comparison({ methods, routes }) {
  const objects = methods.map((method, at) => ({ method, route: routes[at] }))
  return {
    tallyscope() {
      const index = new RowIndex(['method', 'route'], 256)
      let rows = 0
      for (const labels of objects) if (index.find(labels) < 0) index.insert(index.read(labels), rows++)
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) sum += index.find(/** @type {typeof objects[number]} */ (objects[at]))
        return sum
      }
    },
    'maps of maps'() {
      /** @type {Map<string, Map<string, number>>} */
      const byMethod = new Map()
      let rows = 0
      for (let at = 0; at < LENGTH; at++) {
        const method = /** @type {string} */ (methods[at])
        const byRoute = byMethod.get(method) ?? new Map()
        byMethod.set(method, byRoute)
        if (!byRoute.has(routes[at])) byRoute.set(routes[at], rows++)
      }
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const { method, route } = /** @type {{ method: string, route: string }} */ (objects[at])
          sum += byMethod.get(method)?.get(route) ?? -1
        }
        return sum
      }
    },
    'one map, joined key'() {
      /** @type {Map<string, number>} */
      const rows = new Map()
      for (const { method, route } of objects) if (!rows.has(`${method}\0${route}`)) rows.set(`${method}\0${route}`, rows.size)
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const { method, route } = /** @type {{ method: string, route: string }} */ (objects[at])
          sum += rows.get(`${method}\0${route}`) ?? -1
        }
        return sum
      }
    },
  }
}

/**
 * One text of so many, in a random order.
 * @param {number} count
 * @returns {import('../harness.js').Makers}
 */
function texts(count) {
  const own = Array.from({ length: count }, (_, at) => `/api/v1/route-${at}`)
  const asked = Array.from({ length: LENGTH }, () => /** @type {string} */ (own[randomBelow(count)]))
  return {
    tallyscope() {
      const label = new Label('route', 256)
      for (const text of own) label.intern(text)
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) sum += label.find(asked[at]) ?? 0
        return sum
      }
    },
    object() {
      /** @type {{ [text: string]: number }} */
      const ids = Object.create(null)
      for (const [id, text] of own.entries()) ids[text] = id
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) sum += ids[/** @type {string} */ (asked[at])] ?? 0
        return sum
      }
    },
    map() {
      const ids = new Map(own.map((text, id) => [text, id]))
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) sum += ids.get(/** @type {string} */ (asked[at])) ?? 0
        return sum
      }
    },
  }
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll({
    '2 labels, 40 rows': comparison(twoLabels(40)),
    '2 labels, 10,000 rows': comparison(twoLabels(10_000)),
    '2 labels, 10,000 rows of a million combinations': comparison(sparseLabels(10_000, 1_000)),
    'a text of 10': texts(10),
    'a text of 60': texts(60),
    'a text of 600': texts(600),
  })
}
