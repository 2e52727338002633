import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { installed, nodeOf } from '../../scripts/node-of.js'
import { build, GroupProgram } from '../cluster/group-program.js'
import { amount, figure } from '../faults/amount.js'
import { Prometheus } from './prometheus.js'
import { describeWith, freePort, pause } from './real-program.js'

/** SIGKILLs at random. Another number: `TALLYSCOPE_TEST_KILLS=100 npm run test:long -- prometheus-real/cluster`. */
const KILLS = Number(process.env.TALLYSCOPE_TEST_KILLS ?? amount(40, 1_000))
/** A version of @prometheus-io/client that is scraped instead of prom-client 15, on Node 24, such as 0.16.1. */
const CLIENT = process.env.TALLYSCOPE_TEST_CLIENT
const WORKERS = 4
const SCRAPE_MS = 500
/** Between two kills, on average. */
const KILL_PAUSE_MS = Number(process.env.TALLYSCOPE_TEST_KILL_PAUSE_MS ?? SCRAPE_MS)

describeWith(['prometheus'], 'Prometheus and a port that workers share', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ts-truth-'))
  let program: GroupProgram
  let prometheus: Prometheus
  let instances: { ours: string; theirs: string }

  beforeAll(() => build(), 120_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Starts the service. Returns the address of the other client's page, which is served by the primary. */
  async function startService(port: number): Promise<URL> {
    const name = '@prometheus-io/client'
    const client = CLIENT && join(installed(`client-${CLIENT}`, [`${name}@${CLIENT}`]), 'node_modules', name, 'index.js')
    const settings = { workers: WORKERS, port, folder, ...(client && { client }) }
    program = new GroupProgram('../../prometheus-real/programs/counting-cluster.js', settings, {}, CLIENT && nodeOf('24'))
    const theirs = await program.fact((fact) => 'promClient' in fact)
    await program.fact((fact) => 'ready' in fact)
    return new URL(theirs['promClient'] as string)
  }

  async function start(): Promise<number> {
    for (const file of readdirSync(folder)) rmSync(join(folder, file))
    const port = await freePort()
    const theirs = await startService(port)
    const ours = new URL(`http://127.0.0.1:${port}/metrics`)
    instances = { ours: ours.host, theirs: theirs.host }
    prometheus = await Prometheus.start([ours, theirs], [], `${SCRAPE_MS}ms`)
    await prometheus.until(`work_done_total{instance="${ours.host}"} == 0`)
    await prometheus.until(`work_done_total{instance="${theirs.host}"} == 0`)
    return port
  }
  afterEach(async () => {
    await prometheus.stop()
    await program.kill()
  })

  /** What the workers have written before each count. */
  function truth(): number {
    const counts = readdirSync(folder).map((file) => readFileSync(join(folder, file)))
    return counts.reduce((sum, bytes) => sum + (bytes.length === 8 ? bytes.readDoubleLE() : 0), 0)
  }

  /** Ends the work, once Prometheus has its last values. */
  async function stopWork(): Promise<void> {
    program.command({ work: false })
    await pause(3 * SCRAPE_MS + 500)
  }

  /** What Prometheus makes of the samples of an instance since the beginning. */
  async function seenOf(instance: string, beganMs: number): Promise<{ increase: number; resets: number; failedScrapes: number }> {
    const range = `${Math.ceil((Date.now() - beganMs) / 1_000) + 5}s`
    const lastS = await prometheus.value(`timestamp(work_done_total{instance="${instance}"})`)
    // Until the last sample: Prometheus adds what it expects between it and the end of the range, which is 1 % of a range so short.
    const over = (name: string): string => `(${name}{instance="${instance}"}[${range}] @ ${lastS})`
    return {
      increase: await prometheus.value(`increase${over('work_done_total')}`),
      resets: await prometheus.value(`resets${over('work_done_total')}`),
      failedScrapes: await prometheus.value(`count_over_time${over('up')} - sum_over_time${over('up')}`),
    }
  }

  async function report(beganMs: number): Promise<{ truth: number; ours: number; resets: number }> {
    await stopWork()
    const ours = await seenOf(instances.ours, beganMs)
    const theirs = await seenOf(instances.theirs, beganMs)
    const seen = { seconds: (Date.now() - beganMs) / 1_000, truth: truth(), ours, theirs }
    console.log('increase() by Prometheus:', seen)
    figure(`${CLIENT ?? 'prom-client'} beside the group`, JSON.stringify(seen))
    return { truth: truth(), ours: ours.increase, resets: ours.resets }
  }

  test('increase() is correct within 1 % through rolling restarts', async () => {
    await start()
    const beganMs = Date.now()
    program.command({ work: true })
    for (let round = 0; round < 3; round++) {
      await pause(9_000)
      await program.ask({ roll: true }, (fact) => 'rolled' in fact)
    }
    await pause(9_000)
    const seen = await report(beganMs)
    expect(seen.resets).toBe(0)
    expect(Math.abs(seen.ours - seen.truth) / seen.truth).toBeLessThan(0.01)
  }, 180_000)

  test(
    `no total decreases while ${KILLS} workers are killed at random, and only unsent values are lost`,
    async () => {
      await start()
      const beganMs = Date.now()
      program.command({ work: true })
      for (let kill = 0; kill < KILLS; kill++) {
        await pause(Math.random() * 2 * KILL_PAUSE_MS)
        await program.ask({ kill: true }, (fact) => 'killed' in fact)
      }
      const seen = await report(beganMs)
      expect(seen.resets).toBe(0)
      expect(seen.ours).toBeLessThan(seen.truth * 1.01)
      // 500 counts a second at most, over two scrapes for each that was killed: some scrapes take long on a busy machine.
      expect(seen.ours).toBeGreaterThan(seen.truth * 0.99 - KILLS * 500 * ((2 * SCRAPE_MS) / 1_000))
      expect(seen.ours).toBeGreaterThan(seen.truth / 2)
    },
    120_000 + KILLS * (2_500 + KILL_PAUSE_MS),
  )

  test('a service that restarts begins at 0, and increase() over the restart is correct within 1 %', async () => {
    const port = await start()
    const beganMs = Date.now()
    program.command({ work: true })
    await pause(8_000)
    await stopWork()
    await program.kill()
    await startService(port)
    program.command({ work: true })
    await pause(8_000)
    await stopWork()
    const { increase, resets } = await seenOf(instances.ours, beganMs)
    expect(resets).toBe(1)
    expect(Math.abs(increase - truth()) / truth()).toBeLessThan(0.01)
  }, 120_000)
})
