// @ts-check
// From label values to a row: the engine's index beside the other ways to do it.
import { RowIndex } from '../../build/metrics/row-index.js'
import { LENGTH, MASK, sparseLabels, twoLabels } from '../fixtures.js'
import { CALLS } from '../harness.js'

/** @typedef {{ methods: string[], routes: string[] }} Labels */

/** @param {Labels} labels */
function comparison({ methods, routes }) {
  const objects = methods.map((method, at) => ({ method, route: routes[at] }))
  return {
    tallyscope() {
      const index = new RowIndex(['method', 'route'], 256)
      let rows = 0
      for (const labels of objects) if (index.find(labels) < 0) index.insert(index.read(labels), rows++)
      let n = 0
      return () => {
        let sum = 0
        for (let i = 0; i < CALLS; i++) sum += index.find(/** @type {typeof objects[number]} */ (objects[n++ & MASK]))
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
      let n = 0
      return () => {
        let sum = 0
        for (let i = 0; i < CALLS; i++) {
          const { method, route } = /** @type {{ method: string, route: string }} */ (objects[n++ & MASK])
          sum += byMethod.get(method)?.get(route) ?? -1
        }
        return sum
      }
    },
    'one map, joined key'() {
      /** @type {Map<string, number>} */
      const rows = new Map()
      for (const { method, route } of objects) if (!rows.has(`${method}\0${route}`)) rows.set(`${method}\0${route}`, rows.size)
      let n = 0
      return () => {
        let sum = 0
        for (let i = 0; i < CALLS; i++) {
          const { method, route } = /** @type {{ method: string, route: string }} */ (objects[n++ & MASK])
          sum += rows.get(`${method}\0${route}`) ?? -1
        }
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
  })
}
