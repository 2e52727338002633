// @ts-check
// A scrape without HTTP, from series to the finished document. Between two scrapes, values are recorded in a share of the series.
import { makeFleet, shownName, touchShare } from '../../fleets/fleet.js'
import { collect } from '../../harness.js'

/** @typedef {import('../../fleets/fleet.js').Kind} Kind */

/**
 * @param {import('../../harness.js').Bench} bench
 * @param {object} options
 * @param {Kind} options.kind
 * @param {number} options.count
 * @param {readonly string[]} options.contenders
 * @param {number} [options.rounds]
 */
async function compareScrapes(bench, { kind, count, contenders, rounds }) {
  const stem = `/metrics in process, ${count.toLocaleString('en-US')} ${kind}`
  const names = { first: `${stem}, first scrape`, unchanged: `${stem}, unchanged`, some: `${stem}, 1 % changed` }
  if (!Object.values(names).some((name) => bench.wants(name))) return
  collect()
  /** @type {{ [contender: string]: import('../../fleets/fleet.js').Fleet }} */
  const fleets = {}
  for (const contender of contenders) fleets[shownName(contender)] = await makeFleet(contender, kind, count)
  const steps = (/** @type {number} */ share) => {
    return Object.fromEntries(
      Object.entries(fleets).map(([contender, fleet]) => {
        let round = 0
        return [contender, { before: () => touchShare(fleet, count, share, round++), run: () => fleet.scrape() }]
      }),
    )
  }
  const firsts = Object.fromEntries(Object.entries(fleets).map(([contender, fleet]) => [contender, { run: () => fleet.scrape() }]))
  await bench.compareSteps(names.first, firsts, { rounds: 1, warmRounds: 0 })
  if (bench.wants(names.unchanged))
    await bench.compareSteps(names.unchanged, steps(0), { rounds: Math.min(rounds ?? bench.settings.scrapeRounds, 5) })
  if (bench.wants(names.some)) await bench.compareSteps(names.some, steps(0.01), { rounds })
}

const ALL = ['tallyscope', 'prom-client', 'opentelemetry', 'snapshots']

/** @param {import('../../harness.js').Bench} bench */
export async function run(bench) {
  if (bench.mode === 'smoke') {
    await compareScrapes(bench, { kind: 'counters', count: 1_000, contenders: ALL })
    await compareScrapes(bench, { kind: 'distributions', count: 100, contenders: ALL })
    return
  }
  await compareScrapes(bench, { kind: 'counters', count: 10_000, contenders: ALL })
  await compareScrapes(bench, { kind: 'distributions', count: 10_000, contenders: ALL })
  if (bench.mode === 'full') {
    await compareScrapes(bench, { kind: 'counters', count: 100_000, contenders: ALL, rounds: 7 })
    await compareScrapes(bench, { kind: 'distributions', count: 100_000, contenders: ['tallyscope', 'prom-client'], rounds: 3 })
  }
}
