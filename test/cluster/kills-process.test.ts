import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { amount, figure, seed } from '../faults/amount.js'
import { randomFrom } from '../faults/mutate.js'
import { build, freePort, GroupProgram, scrape } from './group-program.js'

// Workers that share a port, killed at random while the page is scraped. Each writes the truth to a file before it counts.

beforeAll(build, 120_000)

const KILLS = amount(15, 1_000)
const WORKERS = 4
const PAUSE_MS = Number(process.env.TALLYSCOPE_TEST_KILL_PAUSE_MS ?? 600)
const random = randomFrom(seed())
const folder = mkdtempSync(join(tmpdir(), 'ts-kills-'))
let program: GroupProgram
afterEach(async () => {
  await program.kill()
  rmSync(folder, { recursive: true, force: true })
})

function truth(): number {
  const counts = readdirSync(folder).map((file) => readFileSync(join(folder, file)))
  return counts.reduce((sum, bytes) => sum + (bytes.length === 8 ? bytes.readDoubleLE() : 0), 0)
}

test('no total decreases while workers are killed at random, and only unsent values are lost', {
  timeout: 300_000 + KILLS * 5_000,
}, async () => {
  const port = await freePort()
  program = new GroupProgram('../../prometheus-real/programs/counting-cluster.js', { workers: WORKERS, port, folder })
  await program.fact((fact) => 'ready' in fact)
  const seen = { scrapes: 0, failed: 0, falls: 0, total: 0 }
  const look = async (): Promise<void> => {
    const page = await scrape(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
    const total = page?.get('work_done_total')
    seen.scrapes++
    if (total === undefined) seen.failed++
    else if (total < seen.total) seen.falls++
    seen.total = Math.max(seen.total, total ?? 0)
  }
  let isOver = false
  const scraping = (async () => {
    while (!isOver) {
      await look()
      await new Promise((resolve) => void setTimeout(resolve, 200))
    }
  })()
  const beganMs = performance.now()
  program.command({ work: true })
  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise((resolve) => void setTimeout(resolve, random(2 * PAUSE_MS)))
    await program.ask({ kill: true }, (fact) => 'killed' in fact)
  }
  const lifeS = ((performance.now() - beganMs) / 1_000 / KILLS) * WORKERS
  program.command({ work: false })
  isOver = true
  await scraping
  await look()
  const recorded = truth()
  const lost = recorded - seen.total
  figure(
    `${KILLS} kills of ${WORKERS} workers that live ${lifeS.toFixed(1)} s each: what was lost of the truth`,
    `${lost} of ${recorded}, ${((100 * lost) / recorded).toFixed(2)} %; ${seen.falls} falls, ${seen.failed} of ${seen.scrapes} scrapes failed`,
  )
  expect(seen.falls).toBe(0)
  expect(lost).toBeGreaterThanOrEqual(0)
  expect(lost).toBeLessThan(KILLS * 500) // a second of each, on a machine as busy as can be
})
