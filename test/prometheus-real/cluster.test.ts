import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { build, GroupProgram } from '../cluster/group-program.js'
import { Prometheus } from './prometheus.js'
import { describeWith, freePort, pause } from './real-program.js'

/** SIGKILLs at random. 1 000 in a long run: TALLYSCOPE_TEST_KILLS=1000. */
const KILLS = Number(process.env.TALLYSCOPE_TEST_KILLS ?? 40)
const WORKERS = 4
const SCRAPE_MS = 500

describeWith(['prometheus'], 'Prometheus and a port that workers share', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ts-truth-'))
  let program: GroupProgram
  let prometheus: Prometheus
  let instances: { ours: string; theirs: string }

  beforeAll(() => build(), 120_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function start(): Promise<void> {
    for (const file of readdirSync(folder)) rmSync(join(folder, file))
    const port = await freePort()
    program = new GroupProgram('../../prometheus-real/programs/counting-cluster.js', { workers: WORKERS, port, folder })
    const theirs = new URL((await program.fact((fact) => 'promClient' in fact))['promClient'] as string)
    await program.fact((fact) => 'ready' in fact)
    const ours = new URL(`http://127.0.0.1:${port}/metrics`)
    instances = { ours: ours.host, theirs: theirs.host }
    prometheus = await Prometheus.start([ours, theirs], [], `${SCRAPE_MS}ms`)
    await prometheus.until(`work_done_total{instance="${ours.host}"} == 0`)
    await prometheus.until(`work_done_total{instance="${theirs.host}"} == 0`)
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

  /** What Prometheus makes of the samples since the beginning. */
  async function report(beganMs: number): Promise<{ truth: number; ours: number; theirs: number; resets: number; theirResets: number }> {
    program.command({ work: false })
    await pause(3 * SCRAPE_MS + 500)
    const range = `${Math.ceil((Date.now() - beganMs) / 1_000) + 5}s`
    // Until the last sample: Prometheus adds what it expects between it and the end of the range, which is 1 % of a range so short.
    const value = async (fn: string, instance: string) => {
      const lastS = await prometheus.value(`timestamp(work_done_total{instance="${instance}"})`)
      return prometheus.value(`${fn}(work_done_total{instance="${instance}"}[${range}] @ ${lastS})`)
    }
    return {
      truth: truth(),
      ours: await value('increase', instances.ours),
      theirs: await value('increase', instances.theirs),
      resets: await value('resets', instances.ours),
      theirResets: await value('resets', instances.theirs),
    }
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
    console.log('rolling restarts, increase() by Prometheus:', seen)
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
        await pause(Math.random() * 2 * SCRAPE_MS)
        await program.ask({ kill: true }, (fact) => 'killed' in fact)
      }
      const seen = await report(beganMs)
      console.log(`${KILLS} kills, increase() by Prometheus:`, seen)
      expect(seen.resets).toBe(0)
      expect(seen.ours).toBeLessThan(seen.truth * 1.01)
      // 500 counts a second at most, over two scrapes for each that was killed: some scrapes take long on a busy machine.
      expect(seen.ours).toBeGreaterThan(seen.truth * 0.99 - KILLS * 500 * ((2 * SCRAPE_MS) / 1_000))
      expect(seen.ours).toBeGreaterThan(seen.truth / 2)
    },
    120_000 + KILLS * 3_000,
  )
})
