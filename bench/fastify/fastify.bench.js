// @ts-check
// The processor time that a plugin adds to a Fastify request: hello-world under load from another process, in rounds of all contenders.
// Each is compared with the bare server of the same round.
//
// - V8 compiles in a different way in each process, so that two processes of one program differ by up to 10 %. Each contender is therefore
//   started several times, and each process has the same number of rounds.
// - Servers are warmed up, garbage is collected, and they are warmed up again: see serve-process.js.
// - A round has a fixed number of requests, enough for several young-generation collections.
// - A shared machine may be twice as slow for some seconds. The cost of a request in a round is therefore divided by the cost for all contenders
//   of the round, and multiplied by the median of that over all rounds.
import { contenders } from './contenders.js'
import { median } from '../statistics.js'
import { LoadedServer, pinLoad } from './load.js'

/** @typedef {import('../harness.js').Bench} Bench */
/** @typedef {{ [contender: string]: number }} Round What a request cost each of them, in microseconds. */

const STEM = 'Fastify hello-world, CPU added to a request'
const KEPT = 'nextTick kept quick, no plugin'
const TABLES = {
  [`${STEM}, spans sampled`]: {
    tallyscope: 'tallyscope on',
    'fastify-metrics': 'fastify-metrics',
    OpenTelemetry: 'opentelemetry on',
    [KEPT]: 'kept tick',
  },
  [`${STEM}, spans unsampled`]: {
    tallyscope: 'tallyscope unsampled',
    'fastify-metrics': 'fastify-metrics',
    OpenTelemetry: 'opentelemetry unsampled',
    'AsyncLocalStorage.run alone': 'context',
    [KEPT]: 'kept tick',
  },
  [`${STEM}, no spans`]: { tallyscope: 'tallyscope off', 'fastify-metrics': 'fastify-metrics', [KEPT]: 'kept tick' },
}

const SIZES = {
  smoke: { fleets: 1, rounds: 3, requests: 200, warm: 200 },
  quick: { fleets: 1, rounds: 12, requests: 500, warm: 12_000 },
  check: { fleets: 4, rounds: 16, requests: 1_000, warm: 15_000 },
  full: { fleets: 6, rounds: 16, requests: 1_000, warm: 24_000 },
}

/** @param {Bench} bench */
export async function run(bench) {
  if (!Object.keys(TABLES).some((name) => bench.wants(name))) return
  const { fleets, rounds, requests, warm } = SIZES[bench.mode]
  const release = pinLoad()
  /** @type {Round[]} */
  const taken = []
  for (let fleet = 0; fleet < fleets; fleet++) taken.push(...(await fleetOf(contenders(), { rounds, requests, warm })))
  release()
  const even = atOneSpeed(taken)
  for (const [table, columns] of Object.entries(TABLES)) {
    const added = Object.entries(columns).flatMap(([shown, name]) => {
      const costs = even.flatMap((round) => (round[name] === undefined ? [] : [round[name] - (round['nothing'] ?? 0)]))
      return costs.length === 0 ? [] : [[shown, costs]]
    })
    if (bench.wants(table)) bench.figures(table, 'µs', Object.fromEntries(added))
  }
}

/**
 * Starts a server of each contender, and returns the cost of their requests round by round.
 * @param {readonly string[]} names
 * @param {{ rounds: number, requests: number, warm: number }} size
 */
async function fleetOf(names, { rounds, requests, warm }) {
  /** @type {{ [contender: string]: LoadedServer }} */
  const servers = {}
  /** @type {Round[]} */
  const taken = []
  try {
    for (const name of names) servers[name] = await LoadedServer.start(name)
    for (const name of names) await servers[name]?.warm(warm)
    for (let at = 0; at < rounds; at++) {
      /** @type {Round} */
      const round = {}
      // Each round begins with another contender, so that none always follows the same one.
      for (const name of names.map((_, place) => /** @type {string} */ (names[(place + at) % names.length]))) {
        round[name] = (await servers[name]?.costOf(requests)) ?? Number.NaN
      }
      taken.push(round)
    }
  } finally {
    for (const server of Object.values(servers)) server.stop()
  }
  return taken
}

/** Scales the rounds to the median speed of the machine. @param {readonly Round[]} rounds @returns {Round[]} */
function atOneSpeed(rounds) {
  const totals = rounds.map((round) => Object.values(round).reduce((sum, cost) => sum + cost, 0))
  const middle = median(totals)
  return rounds.map((round, at) =>
    Object.fromEntries(Object.entries(round).map(([name, cost]) => [name, (cost * middle) / /** @type {number} */ (totals[at])])),
  )
}
