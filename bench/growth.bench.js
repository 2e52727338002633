// @ts-check
// How costs grow with the number of rows of a view, and with the number of rows that changed since the last scrape.
import { TagMap } from 'tallyscope'
import { LATENCIES, randomBelow } from './fixtures.js'
import { makeFleet, touchShare } from './fleets/fleet.js'
import { CALLS } from './walk.js'
import { measured } from './ours.js'

const KEYS = ['tenant', 'route']
const STEPS = 1 << 17

/** @param {number} rows */
const label = (rows) => `${rows.toLocaleString('en-US')} rows`

/**
 * A walk over the rows, by label values that are shared strings. The arrays are read in order, so that what they cost
 * does not grow.
 * @param {number} rows
 * @param {(step: number) => number} choose The row of each step.
 */
function walk(rows, choose) {
  const tenants = Array.from({ length: Math.min(rows, 400) }, (_, at) => `tenant-${at}`)
  const routes = Array.from({ length: rows / tenants.length }, (_, at) => `/route-${at}`)
  const order = Array.from({ length: STEPS }, (_, at) => choose(at))
  return {
    order,
    tenants: order.map((row) => tenants[row % tenants.length]),
    routes: order.map((row) => routes[Math.floor(row / tenants.length)]),
  }
}

/** Makes all rows and handles before anything is timed. @param {import('./harness.js').Loop} loop */
function walkedOnce(loop) {
  for (let step = 0; step <= STEPS; step += CALLS) loop(0, CALLS)
  return loop
}

/** @param {number} rows */
function freshObjects(rows) {
  const { stats, measure } = measured([['distribution', KEYS]])
  const { tenants, routes } = walk(rows, () => randomBelow(rows))
  let steps = 0
  const latencies = LATENCIES
  return walkedOnce((from, to) => {
    let step = steps
    for (let at = from | 0, end = to | 0; at < end; at++, step = (step + 1) & (STEPS - 1)) {
      stats.record(measure, /** @type {number} */ (latencies[at]), { tenant: tenants[step], route: routes[step] })
    }
    steps = step
    return to
  })
}

/** @param {number} rows */
function boundHandles(rows) {
  const { stats, measure } = measured([['distribution', KEYS]])
  const { order, tenants, routes } = walk(rows, (at) => at % rows)
  const bound = Array.from({ length: rows }, (_, at) => stats.bind(measure, { tenant: tenants[at], route: routes[at] }))
  const handles = order.map((row) => bound[row])
  let steps = 0
  const latencies = LATENCIES
  return walkedOnce((from, to) => {
    let step = steps
    for (let at = from | 0, end = to | 0; at < end; at++, step = (step + 1) & (STEPS - 1))
      handles[step]?.record(/** @type {number} */ (latencies[at]))
    steps = step
    return to
  })
}

/** @param {number} rows */
function tagMaps(rows) {
  const { stats, measure } = measured([['distribution', KEYS]])
  const { order, tenants, routes } = walk(rows, (at) => at % rows)
  const maps = Array.from({ length: rows }, (_, at) => TagMap.of({ tenant: tenants[at], route: routes[at] }))
  const kept = order.map((row) => /** @type {TagMap} */ (maps[row]))
  let steps = 0
  const latencies = LATENCIES
  return walkedOnce((from, to) => {
    let step = steps
    for (let at = from | 0, end = to | 0; at < end; at++, step = (step + 1) & (STEPS - 1))
      stats.record(measure, /** @type {number} */ (latencies[at]), kept[step])
    steps = step
    return to
  })
}

/**
 * @param {import('./harness.js').Bench} bench
 * @param {string} name
 * @param {(rows: number) => import('./harness.js').Loop} make
 * @param {readonly number[]} sizes
 */
function compareSizes(bench, name, make, sizes) {
  const makers = Object.fromEntries(sizes.map((rows) => [label(rows), () => make(rows)]))
  bench.compare(name, makers, { ours: label(/** @type {number} */ (sizes.at(-1))), longer: 10 })
}

/**
 * @param {import('./harness.js').Bench} bench
 * @param {import('./fleets/fleet.js').Kind} kind
 * @param {readonly number[]} sizes
 */
async function compareScrapes(bench, kind, sizes) {
  const byRows = `scrape by number of ${kind}, 1 % changed`
  const largest = /** @type {number} */ (sizes.at(-1))
  const byShare = `scrape of ${largest.toLocaleString('en-US')} ${kind} by share changed`
  if (!bench.wants(byRows) && !bench.wants(byShare)) return
  const fleets = await Promise.all(sizes.map(async (count) => ({ count, fleet: await makeFleet('tallyscope', kind, count) })))
  const step = (/** @type {typeof fleets[number]} */ { count, fleet }, /** @type {number} */ share) => {
    let round = 0
    return { before: () => touchShare(fleet, count, share, round++), run: () => fleet.scrape() }
  }
  const rows = Object.fromEntries(fleets.map((each) => [label(each.count), step(each, 0.01)]))
  if (bench.wants(byRows)) await bench.compareSteps(byRows, rows, { ours: label(largest), warmRounds: 2 })
  const last = /** @type {typeof fleets[number]} */ (fleets.at(-1))
  const shares = Object.fromEntries([0, 0.001, 0.01, 0.1, 1].map((share) => [`${share * 100} %`, step(last, share)]))
  if (bench.wants(byShare)) await bench.compareSteps(byShare, shares, { ours: '100 %', warmRounds: 1 })
}

/** @param {import('./harness.js').Bench} bench */
export async function run(bench) {
  const smoke = bench.mode === 'smoke'
  const sizes = smoke ? [10, 100] : [10, 100, 1_000, 10_000, 100_000]
  compareSizes(bench, 'record by number of rows, fresh objects in random order', freshObjects, sizes)
  compareSizes(bench, 'record by number of rows, bound handles in turn', boundHandles, sizes)
  compareSizes(bench, 'record by number of rows, kept TagMaps in turn', tagMaps, sizes)
  const scraped = smoke ? [100, 1_000] : bench.mode === 'full' ? [1_000, 10_000, 100_000, 1_000_000] : [1_000, 10_000, 100_000]
  await compareScrapes(bench, 'counters', scraped)
  await compareScrapes(bench, 'distributions', smoke ? [100] : bench.mode === 'full' ? [1_000, 10_000, 100_000] : [1_000, 10_000])
}
