import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { amount, figure } from '../faults/amount.js'
import { build, GroupProgram, scrape } from './group-program.js'

const WORKERS = 8
/** One a minute for an hour by `npm run test:long`, none in the daily run. */
const RESTARTS = amount(0, 60)
const PAUSE_MS = Number(process.env.TALLYSCOPE_RESTART_MS ?? 60_000)
const MAX_SLOPE_MB_PER_HOUR = 1

let program: GroupProgram | undefined

afterEach(() => program?.kill())

/** Resident memory of a process in MB, as Linux reports it. */
function residentMB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Of the line with the least squares through these points. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))]
  const [joint, own] = [points.map(([at, value]) => (at - x) * (value - y)), points.map(([at]) => (at - x) ** 2)]
  return mean(joint) / mean(own)
}

test.skipIf(RESTARTS === 0 || process.platform !== 'linux')(
  'the memory of a primary stays flat while its workers are restarted',
  async () => {
    build()
    program = new GroupProgram('clustered.js', { workers: WORKERS })
    const { url } = await program.fact((fact) => 'url' in fact)
    const workers: number[] = []
    for (let at = 1; at <= WORKERS; at++)
      workers.push((await program.fact(({ ready, worker }) => ready === true && worker === at))['worker'] as number)
    const points: [hours: number, mb: number][] = []
    const beganMs = performance.now()
    let total = 0
    for (let restart = 0; restart < RESTARTS; restart++) {
      const gone = workers.shift()!
      for (const to of workers) await program.ask({ to, add: 10 }, ({ worker, total: told }) => worker === to && told !== undefined)
      await program.ask({ to: gone, add: 10, exit: true }, (fact) => fact['gone'] === gone)
      total += 10 * WORKERS
      const { worker } = await program.ask({ fork: true }, ({ ready }) => ready === true)
      workers.push(worker as number)
      await sleep(PAUSE_MS)
      expect((await scrape(url as string)).get('shop_hits_total{kind="a"}')).toBe(total)
      points.push([(performance.now() - beganMs) / 3_600_000, residentMB(program.process.pid!)])
    }
    const settled = points.slice(points.length >> 2)
    const slope = slopeOf(settled)
    figure(
      'memory of a group whose workers are restarted',
      `${slope.toFixed(2)} MB an hour over ${settled.length} restarts, ${settled.at(-1)![1].toFixed(0)} MB`,
    )
    expect(slope).toBeLessThan(MAX_SLOPE_MB_PER_HOUR)
  },
)
