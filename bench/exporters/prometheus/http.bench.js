// @ts-check
// A scrape over HTTP on the loopback, with each server in a process of its own: its time, how long it blocks the server's event loop, and
// how much memory it takes.
import { shownName } from '../../fleets/fleet.js'
import { serve } from './served.js'

/**
 * @typedef {import('../../harness.js').Bench} Bench
 * @typedef {import('./served.js').Served} Served
 * @typedef {import('../../fleets/fleet.js').Kind} Kind
 */

const ALL = ['tallyscope', 'prom-client', 'opentelemetry', 'floor']

/**
 * @param {Bench} bench
 * @param {object} options
 * @param {Kind} options.kind
 * @param {number} options.count
 * @param {readonly string[]} options.contenders
 * @param {number} [options.rounds]
 */
async function compareServers(bench, { kind, count, contenders, rounds = bench.settings.scrapeRounds }) {
  const stem = `/metrics over HTTP, ${count.toLocaleString('en-US')} ${kind}`
  const names = {
    first: `${stem}, first scrape`,
    unchanged: `${stem}, unchanged`,
    some: `${stem}, 1 % changed`,
    watched: `${stem}, 1 % changed, watched`,
    hold: `${stem}, longest hold of the event loop`,
    memory: `${stem}, extra memory of a scrape`,
    body: `${stem}, body`,
  }
  if (!Object.values(names).some((name) => bench.wants(name))) return
  /** @type {{ [contender: string]: Served }} */
  const servers = {}
  try {
    for (const contender of contenders) servers[shownName(contender)] = await serve(contender, kind, count)
    const each = Object.entries(servers)
    const steps = (/** @type {number} */ share) =>
      Object.fromEntries(
        each.map(([contender, server]) => [contender, { before: () => server.ask('touch', share), run: () => server.scrape() }]),
      )
    const seen = Object.fromEntries(
      each.map(([contender]) => [contender, { holds: /** @type {Hold[]} */ ([]), peaks: /** @type {number[]} */ ([]) }]),
    )
    // A scrape while the server watches itself. One server at a time: watching is work.
    const watched = (/** @type {number} */ share) =>
      Object.fromEntries(
        each.map(([contender, server]) => [
          contender,
          {
            before: async () => {
              await server.ask('touch', share)
              await server.ask('level')
              await server.ask('watch')
            },
            run: () => server.scrape(),
            after: async () => {
              seen[contender]?.holds.push(await server.ask('unwatch'))
              seen[contender]?.peaks.push(await server.ask('peak'))
            },
          },
        ]),
      )
    const bodies = await bench.compareSteps(names.first, watched(0), { rounds: 1, warmRounds: 0 })
    if (bench.wants(names.unchanged)) await bench.compareSteps(names.unchanged, steps(0), { rounds: Math.min(rounds, 3), warmRounds: 0 })
    if (bench.wants(names.some)) await bench.compareSteps(names.some, steps(0.01), { rounds })
    if (bench.wants(names.hold) || bench.wants(names.memory)) {
      await bench.compareSteps(names.watched, watched(0.01), { rounds: bench.mode === 'quick' ? 2 : 3, warmRounds: 0 })
    }
    const holds = Object.fromEntries(each.map(([contender]) => [contender, seen[contender]?.holds ?? []]))
    bench.figures(names.hold, 'ms', longest(holds), notesOf(holds))
    bench.figures(names.memory, 'MB', greatest(Object.fromEntries(each.map(([contender]) => [contender, seen[contender]?.peaks ?? []]))))
    bench.figures(
      names.body,
      'MB',
      Object.fromEntries(Object.entries(bodies).map(([contender, [bytes = 0]]) => [contender, [bytes / 1e6]])),
    )
  } finally {
    for (const server of Object.values(servers)) server.stop()
  }
}

/** @typedef {{ wallMs: number, ownMs: number, runMs: number }} Hold See serve-process.js. */

/** @param {{ [contender: string]: Hold[] }} holds */
function longest(holds) {
  return greatest(Object.fromEntries(Object.entries(holds).map(([contender, all]) => [contender, all.map(({ ownMs }) => ownMs)])))
}

/** What the main thread itself ran in the longest turn: where that is far less, the machine was busy. @param {{ [contender: string]: Hold[] }} holds */
function notesOf(holds) {
  const ran = greatest(Object.fromEntries(Object.entries(holds).map(([contender, all]) => [contender, all.map(({ runMs }) => runMs)])))
  return Object.fromEntries(
    Object.entries(ran).flatMap(([contender, [ms]]) => (ms === undefined ? [] : [[contender, `(${ms.toFixed(1)} ms run)`]])),
  )
}

/**
 * The worst of several scrapes, because rare cases occur in production too.
 * @param {{ [contender: string]: number[] }} samples
 */
function greatest(samples) {
  return Object.fromEntries(Object.entries(samples).map(([contender, all]) => [contender, all.length > 0 ? [Math.max(...all)] : []]))
}

/**
 * More than peers can serve: 500,000 distributions are 600 MB of text, beyond what V8 lets a string be.
 * @param {Bench} bench
 * @param {number} count
 */
async function serveGiant(bench, count) {
  const stem = `/metrics over HTTP, ${count.toLocaleString('en-US')} distributions`
  const names = {
    time: `${stem}, served whole`,
    hold: `${stem}, longest hold of the event loop`,
    memory: `${stem}, extra memory of a scrape`,
  }
  if (!Object.values(names).some((name) => bench.wants(name))) return
  /** @type {{ [contender: string]: number[] }} */
  const times = {}
  /** @type {{ [contender: string]: Hold[] }} */
  const holds = {}
  /** @type {{ [contender: string]: number[] }} */
  const peaks = {}
  /** @type {{ [contender: string]: string }} */
  const notes = {}
  for (const contender of bench.mode === 'full' ? ['tallyscope', 'prom-client', 'opentelemetry'] : ['tallyscope']) {
    const name = shownName(contender)
    times[name] = []
    holds[name] = []
    peaks[name] = []
    /** @type {Served | undefined} */
    let server
    try {
      server = await serve(contender, 'distributions', count)
      for (let at = 0; at < 2; at++) {
        await server.ask('touch', at === 0 ? 0 : 0.01)
        await server.ask('level')
        await server.ask('watch')
        const started = performance.now()
        const bytes = await server.scrape()
        times[name].push(performance.now() - started)
        notes[name] = `${Math.round(bytes / 1e6)} MB served`
        holds[name].push(await server.ask('unwatch'))
        peaks[name].push(await server.ask('peak'))
      }
    } catch (error) {
      const answered = error instanceof Error ? error.message : String(error)
      await new Promise((resolve) => setTimeout(resolve, 500)) // a process that dies closes its sockets first
      const end = server?.ended()
      notes[name] = end === undefined ? `answers an error: ${answered}` : `the process ends: ${end}`
    } finally {
      server?.stop()
    }
  }
  bench.figures(names.time, 'ms', times, notes)
  bench.figures(names.hold, 'ms', longest(holds), { ...notes, ...notesOf(holds) })
  bench.figures(names.memory, 'MB', greatest(peaks), notes)
}

/** @param {Bench} bench */
export async function run(bench) {
  if (bench.mode === 'smoke') {
    await compareServers(bench, { kind: 'counters', count: 1_000, contenders: ALL })
    await serveGiant(bench, 200)
    return
  }
  await compareServers(bench, { kind: 'counters', count: 100_000, contenders: ALL })
  if (bench.mode === 'full') {
    await compareServers(bench, { kind: 'distributions', count: 10_000, contenders: ALL })
    await compareServers(bench, { kind: 'distributions', count: 100_000, contenders: ['tallyscope', 'prom-client', 'floor'], rounds: 5 })
  }
  // What peers may not survive comes last.
  if (bench.settings.heavy) {
    const rounds = bench.mode === 'full' ? 5 : 3
    const contenders = bench.mode === 'full' ? ALL : ['tallyscope', 'prom-client', 'floor']
    await compareServers(bench, { kind: 'counters', count: 1_000_000, contenders, rounds })
    await serveGiant(bench, 500_000)
  }
}
