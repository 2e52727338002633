// @ts-check
// The cost of runtime metrics: event loop delay, garbage collections, memory.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as tallyscope from 'tallyscope'

/**
 * @param {string} contender
 * @param {number} ms
 * @returns {Promise<number>} Processor time, ms a second.
 */
function idle(contender, ms) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('idle-process.js', import.meta.url)), [contender, String(ms)], { execArgv: [] })
    child.once('message', (used) => resolve(Number(used)))
    child.once('exit', (code) => reject(new Error(`${contender} ended with ${code}`)))
  })
}

/** @param {import('../harness.js').Bench} bench */
export async function run(bench) {
  const name = 'processor time of an idle process, ms a second'
  if (!bench.wants(name) || !('runtimeMetrics' in tallyscope)) return
  const ms = { smoke: 300, quick: 2_000, check: 2_000, full: 10_000 }[bench.mode]
  const contenders = ['tallyscope', 'prom-client', 'nothing']
  const rounds = bench.mode === 'full' ? 3 : 1
  /** @type {{ [contender: string]: number[] }} */
  const used = Object.fromEntries(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round++) {
    await Promise.all(contenders.map(async (contender) => used[contender]?.push(await idle(contender, ms))))
  }
  bench.figures(name, 'ms', used)
}
