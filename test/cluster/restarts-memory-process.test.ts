import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { line } from '../../bench/statistics.js'
import { amount, figure } from '../faults/amount.js'
import { build, GroupProgram, scrape } from './group-program.js'

const WORKERS = 8
/** One a minute for an hour by `npm run test:long`, none in the daily run. */
const RESTARTS = amount(0, 61)
const PAUSE_MS = Number(process.env.TALLYSCOPE_RESTART_MS ?? 60_000)
const SCRAPES_A_RESTART = 4
const SAMPLES_A_SCRAPE = 2
/** Restarts before the memory is looked at. */
const WARM_UP = 10
const RECORDS_PER_SECOND = 1_000
const MAX_SLOPE_MB_PER_HOUR = 1

let program: GroupProgram | undefined

afterEach(() => program?.kill())

/** Resident memory of a process in MB, as Linux reports it. */
function residentMB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

type Points = (readonly [hours: number, mb: number])[]

test.skipIf(RESTARTS === 0 || process.platform !== 'linux')(
  'the memory of the primary and of a worker stays flat while the other workers are restarted',
  async () => {
    build()
    program = new GroupProgram('clustered.js', { workers: WORKERS, recordsPerSecond: RECORDS_PER_SECOND })
    const { url } = await program.fact((fact) => 'url' in fact)
    const workers: number[] = []
    const pids = new Map([['primary', program.process.pid!]])
    for (let at = 1; at <= WORKERS; at++) {
      const { worker, pid } = await program.fact(({ ready, worker: id }) => ready === true && id === at)
      workers.push(worker as number)
      if (at === 1) pids.set('worker', pid as number)
    }
    const stays = workers.shift()!
    const points = new Map<string, Points>([...pids.keys()].map((name) => [name, []]))
    const beganMs = performance.now()
    let total = 0
    for (let restart = 0; restart < RESTARTS; restart++) {
      const gone = workers.shift()!
      for (const to of [stays, ...workers])
        await program.ask({ to, add: 10 }, ({ worker, total: reached }) => worker === to && reached !== undefined)
      await program.ask({ to: gone, add: 10, exit: true }, (fact) => fact['gone'] === gone)
      total += 10 * WORKERS
      const { worker } = await program.ask({ fork: true }, ({ ready }) => ready === true)
      workers.push(worker as number)
      for (let at = 0; at < SCRAPES_A_RESTART * SAMPLES_A_SCRAPE; at++) {
        await sleep(PAUSE_MS / SCRAPES_A_RESTART / SAMPLES_A_SCRAPE)
        if (at % SAMPLES_A_SCRAPE === 0) expect((await scrape(url as string)).get('shop_hits_total{kind="a"}')).toBe(total)
        if (restart < WARM_UP) continue
        for (const [name, pid] of pids) points.get(name)!.push([(performance.now() - beganMs) / 3_600_000, residentMB(pid)])
      }
    }
    for (const [name, all] of points) {
      const [first, last] = [all[0]![1], all.at(-1)![1]]
      figure(
        `memory of the ${name} of a group whose workers are restarted`,
        `${line(all).slope.toFixed(2)} MB an hour over ${RESTARTS - WARM_UP} restarts, ${first.toFixed(1)} MB at first, ${last.toFixed(1)} at last`,
      )
    }
    for (const all of points.values()) expect(line(all).slope).toBeLessThan(MAX_SLOPE_MB_PER_HOUR)
  },
  2 * (RESTARTS + 1) * PAUSE_MS,
)
