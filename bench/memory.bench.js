// @ts-check
// Bytes of a series, in the heap and outside of it, after a garbage collection: before and after the first scrape.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { shownName } from './fleets/fleet.js'

/** @typedef {{ before: number, after: number, makeNs: number }} Held */

/**
 * @param {string} contender
 * @param {import('./fleets/fleet.js').Kind} kind
 * @param {number} count
 * @returns {Promise<Held>}
 */
function held(contender, kind, count) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('memory-process.js', import.meta.url)), [contender, kind, String(count)], {
      // What is flushed of code between two measurements would be taken for series that grew smaller.
      execArgv: ['--expose-gc', '--max-old-space-size=8192', '--no-flush-bytecode'],
    })
    child.once('message', (message) => resolve(/** @type {Held} */ (message)))
    child.once('exit', (code) => reject(new Error(`${contender} ended with ${code}`)))
  })
}

/** @param {import('./harness.js').Bench} bench */
export async function run(bench) {
  const count = bench.mode === 'smoke' ? 2_000 : 100_000
  const contenders = bench.mode === 'full' ? ['tallyscope', 'prom-client', 'opentelemetry'] : ['tallyscope', 'prom-client']
  for (const kind of /** @type {const} */ (['counters', 'distributions'])) {
    const stem = `bytes held per series, ${count.toLocaleString('en-US')} ${kind}`
    const names = { before: `${stem}, before a scrape`, after: `${stem}, after a scrape`, make: `time to make a series, ${kind}` }
    if (!Object.values(names).some((name) => bench.wants(name))) continue
    /** @type {{ [contender: string]: Held }} */
    const results = {}
    for (const contender of contenders) results[shownName(contender)] = await held(contender, kind, count)
    const samples = (/** @type {keyof Held} */ what) =>
      Object.fromEntries(Object.entries(results).map(([name, each]) => [name, [each[what]]]))
    bench.figures(names.before, 'B', samples('before'))
    bench.figures(names.after, 'B', samples('after'))
    bench.figures(names.make, 'ns', samples('makeNs'))
  }
}
