// @ts-check
// What a plugin adds to the CPU time that Fastify spends on a request: hello-world under load from another process,
// rounds of all contenders in turn, each against the bare server of its own round.
import { contenders } from './contenders.js'
import { LoadedServer } from './load.js'

/** @typedef {import('../harness.js').Bench} Bench */

const STEM = 'Fastify hello-world, CPU added to a request'
const TABLES = {
  [`${STEM}, spans sampled`]: { tallyscope: 'tallyscope on', 'fastify-metrics': 'fastify-metrics', opentelemetry: 'opentelemetry on' },
  [`${STEM}, spans unsampled`]: {
    tallyscope: 'tallyscope unsampled',
    'fastify-metrics': 'fastify-metrics',
    opentelemetry: 'opentelemetry unsampled',
    'context alone': 'context',
  },
  [`${STEM}, no spans`]: { tallyscope: 'tallyscope off', 'fastify-metrics': 'fastify-metrics' },
}

const SIZES = {
  smoke: { rounds: 3, requests: 200, warm: 200 },
  quick: { rounds: 21, requests: 1_000, warm: 6_000 },
  full: { rounds: 61, requests: 2_000, warm: 12_000 },
}

/** @param {Bench} bench */
export async function run(bench) {
  if (!Object.keys(TABLES).some((name) => bench.wants(name))) return
  const { rounds, requests, warm } = SIZES[/** @type {keyof typeof SIZES} */ (bench.mode)] ?? SIZES.quick
  const names = contenders()
  /** @type {{ [contender: string]: LoadedServer }} */
  const servers = {}
  /** @type {{ [contender: string]: number[] }} */
  const costs = {}
  try {
    for (const name of names) servers[name] = await LoadedServer.start(name)
    for (const name of names) await servers[name]?.costOf(warm)
    for (let round = 0; round < rounds; round++) {
      // Another one begins each round: none always follows the same neighbour.
      const order = names.map((_, at) => /** @type {string} */ (names[(at + round) % names.length]))
      for (const name of order) (costs[name] ??= []).push((await servers[name]?.costOf(requests)) ?? 0)
    }
  } finally {
    for (const server of Object.values(servers)) server.stop()
  }
  const bare = costs['nothing'] ?? []
  for (const [table, columns] of Object.entries(TABLES)) {
    const added = Object.entries(columns).flatMap(([shown, name]) => {
      const own = costs[name]
      return own === undefined ? [] : [[shown, own.map((cost, round) => cost - (bare[round] ?? 0))]]
    })
    if (bench.wants(table)) bench.figures(table, 'µs', Object.fromEntries(added))
  }
}
