// @ts-check
// Adding to one slot of a typed array: shows why integers are added to an Int32 slot.
import { LATENCIES } from '../fixtures.js'
import { DistributionCells } from '../../build/metrics/cells/distribution-cells.js'
import { LastValueCells } from '../../build/metrics/cells/last-value-cells.js'
import { CountCells, SumCells } from '../../build/metrics/cells/sum-cells.js'
import { BucketSearch } from '../../build/metrics/cells/bucket-search.js'
import { BOUNDS } from '../fixtures.js'

const ROWS = 512

/**
 * @param {import('../../build/metrics/cells/cells.js').Cells} cells
 * @returns {import('../harness.js').Loop}
 */
function fractions(cells) {
  const latencies = LATENCIES
  return (from, to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) cells.record(7, /** @type {number} */ (latencies[at]))
    return cells.value(7)
  }
}

/** @type {import('../harness.js').Makers} */
const slots = {
  'Int32 slot'() {
    const cells = new Int32Array(ROWS)
    return () => {
      for (let i = 0; i < 1_024; i++) cells[7] = /** @type {number} */ (cells[7]) + 1
      return /** @type {number} */ (cells[7])
    }
  },
  'double slot'() {
    const cells = new Float64Array(ROWS)
    return () => {
      for (let i = 0; i < 1_024; i++) cells[7] = /** @type {number} */ (cells[7]) + 1
      return /** @type {number} */ (cells[7])
    }
  },
  'sum cells, whole numbers'() {
    const cells = new SumCells(ROWS)
    return () => {
      for (let i = 0; i < 1_024; i++) cells.record(7, 1)
      return cells.value(7)
    }
  },
}

const kinds = {
  'count cells': () => fractions(new CountCells(ROWS)),
  'sum cells': () => fractions(new SumCells(ROWS)),
  'last value cells': () => fractions(new LastValueCells(ROWS)),
  'distribution cells': () => {
    const epochs = { current: 1, generation: 0, clock: { unixMs: () => 0, monotonicMs: () => 0 } }
    return fractions(new DistributionCells(ROWS, new BucketSearch(BOUNDS), /** @type {any} */ (epochs)))
  },
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compare('add 1 to a slot', slots, { ours: 'sum cells, whole numbers' })
  bench.compare('take a fraction', kinds, { ours: 'distribution cells' })
}
