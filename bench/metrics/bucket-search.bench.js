// @ts-check
// Finding a value's bucket: the engine's search compared with a scan and a binary search.
import { BucketSearch } from '../../build/metrics/cells/bucket-search.js'
import { BOUNDS, LATENCIES } from '../fixtures.js'

/**
 * @param {readonly number[]} given
 * @returns {import('../harness.js').Makers}
 */
function comparison(given) {
  const bounds = Float64Array.from([...given, Number.POSITIVE_INFINITY])
  return {
    tallyscope() {
      const search = new BucketSearch(given)
      const latencies = LATENCIES
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) sum += search.find(/** @type {number} */ (latencies[at]))
        return sum
      }
    },
    scan() {
      const latencies = LATENCIES
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const value = /** @type {number} */ (latencies[at])
          let bucket = 0
          while (value > /** @type {number} */ (bounds[bucket])) bucket++
          sum += bucket
        }
        return sum
      }
    },
    'binary search'() {
      const latencies = LATENCIES
      return (from, to) => {
        let sum = 0
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const value = /** @type {number} */ (latencies[at])
          let low = 0
          let high = bounds.length - 1
          while (low < high) {
            const middle = (low + high) >> 1
            if (value > /** @type {number} */ (bounds[middle])) low = middle + 1
            else high = middle
          }
          sum += low
        }
        return sum
      }
    },
  }
}

/** @param {number} count */
const growing = (count) => Array.from({ length: count }, (_, at) => 0.002 * 2 ** ((at * 14) / count))

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll({
    '12 bounds': comparison(BOUNDS),
    '64 bounds': comparison(growing(64)),
    '512 bounds': comparison(growing(512)),
  })
}
