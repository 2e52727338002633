// @ts-check
// The first scrape of a process, whose code has not run before and whose text is not cached. Each sample is a process of its own,
// contenders in turn. The figure is the CPU time of the whole process from the call to the finished document.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { shownName } from '../../fleets/fleet.js'

const execute = promisify(execFile)
const program = fileURLToPath(new URL('first-scrape-process.js', import.meta.url))

/**
 * CPU time of a first scrape in ms.
 * @param {string} contender
 * @param {number} count
 * @returns {Promise<number>}
 */
async function cpuOfFirstScrape(contender, count) {
  // The arguments of Node choose the peers of another version, see node-24/use-peers.js.
  const { stdout } = await execute(process.execPath, [...process.execArgv, program, contender, String(count)])
  const ms = Number(stdout)
  if (!(ms > 0)) throw new Error(`the first scrape of ${contender} printed ${stdout}`)
  return ms
}

/** @param {import('../../harness.js').Bench} bench */
export async function run(bench) {
  const rounds = { smoke: 1, quick: 5, check: 9, full: 15 }[bench.mode]
  for (const count of bench.mode === 'smoke' ? [1_000] : [1_000, 100_000]) {
    const name = `first scrape of a process, ${count.toLocaleString('en-US')} counters, CPU`
    if (!bench.wants(name)) continue
    /** @type {{ [contender: string]: number[] }} */
    const figures = {}
    for (let round = 0; round < rounds; round++) {
      for (const contender of ['tallyscope', 'prom-client']) {
        const samples = (figures[shownName(contender)] ??= [])
        samples.push(await cpuOfFirstScrape(contender, count))
      }
    }
    bench.figures(name, 'ms', figures)
  }
}
