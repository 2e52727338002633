import { afterEach, beforeAll, expect, test } from 'vitest'
import { build, type Fact, freePort, GroupProgram, scrape } from './group-program.js'

beforeAll(build, 120_000)

let program: GroupProgram | undefined
afterEach(async () => {
  await program?.kill()
  program = undefined
})

const HITS = 'shop_hits_total{kind="a"}'

/** The program with its workers ready, and the URL of the primary's page. */
async function start(workers: number, settings: object = {}): Promise<{ url: string; ids: number[] }> {
  program = new GroupProgram('clustered.js', { workers, ...settings })
  const { url } = await program.fact((fact) => 'url' in fact && !('worker' in fact))
  const isReady = (fact: Fact): boolean => fact['ready'] === true
  await expect.poll(() => program!.facts.filter(isReady).length, { timeout: 20_000 }).toBe(workers)
  return { url: url as string, ids: program.facts.filter(isReady).map(({ worker }) => worker as number) }
}

const add = (to: number, amount: number, more: object = {}): Promise<Fact> =>
  program!.ask({ to, add: amount, ...more }, (fact) => fact['worker'] === to && 'total' in fact)
const gone = (id: number): Promise<Fact> => program!.fact((fact) => fact['gone'] === id)

test('the primary serves the sums of its workers', { timeout: 60_000 }, async () => {
  const { url, ids } = await start(3)
  for (const [at, id] of ids.entries()) await add(id, 10 ** at)
  await expect
    .poll(async () => Object.fromEntries(await scrape(url)), { timeout: 5_000 })
    .toMatchObject({
      [HITS]: 111,
      shop_busy: 3,
      shop_latency_seconds_count: 111,
      'shop_latency_seconds_bucket{le="1"}': 0,
      'shop_latency_seconds_bucket{le="2"}': 111,
    })
})

test('workers that share a port all serve the same page', { timeout: 60_000 }, async () => {
  const port = await freePort()
  const { ids } = await start(3, { port: String(port) })
  for (const id of ids) await add(id, 5)
  const url = `http://127.0.0.1:${port}/metrics`
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 5_000 }).toBe(15)
  const pages = await Promise.all(Array.from({ length: 12 }, () => scrape(url)))
  expect(pages.map((page) => page.get(HITS))).toEqual(pages.map(() => 15))
})

test.each(['exit', 'throw', 'disconnect'])('a worker that ends by %s loses no increment', { timeout: 60_000 }, async (how) => {
  const { url, ids } = await start(2)
  await add(ids[0]!, 3)
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 5_000 }).toBe(3)
  await add(ids[1]!, 7, { [how]: true })
  await gone(ids[1]!)
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 5_000 }).toBe(10)
  await expect.poll(async () => (await scrape(url)).get('shop_busy'), { timeout: 5_000 }).toBe(1)
})

test('the exposed totals of a killed worker stay, and new workers add to them', { timeout: 60_000 }, async () => {
  const { url, ids } = await start(2)
  await add(ids[0]!, 3)
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 5_000 }).toBe(3)
  await add(ids[0]!, 0, { kill: true })
  await gone(ids[0]!)
  expect((await scrape(url)).get(HITS)).toBe(3)
  program!.command({ fork: true })
  const next = await program!.fact((fact) => fact['ready'] === true && !ids.includes(fact['worker'] as number))
  await add(next['worker'] as number, 4)
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 5_000 }).toBe(7)
  const { members } = await program!.ask({ members: true }, (fact) => 'members' in fact)
  expect((members as { slot: number }[]).map(({ slot }) => slot)).toEqual([0, 1, 2])
})

test('a worker with a blocked event loop is late once, and exact afterwards', { timeout: 60_000 }, async () => {
  const { url, ids } = await start(2)
  for (const id of ids) await add(id, 2)
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 5_000 }).toBe(4)
  program!.command({ to: ids[0], add: 1, block: 6_000 })
  await new Promise((resolve) => void setTimeout(resolve, 100))
  const times: number[] = []
  for (let at = 0; at < 3; at++) {
    const beginMs = performance.now()
    expect((await scrape(url)).get(HITS)).toBe(4)
    times.push(performance.now() - beginMs)
  }
  expect(times[0]).toBeLessThan(4_000) // a second, and what a busy machine adds
  expect(Math.max(...times.slice(1))).toBeLessThan(900) // not a second again
  await expect.poll(async () => (await scrape(url)).get(HITS), { timeout: 10_000 }).toBe(5)
})

test('no total decreases while workers are killed at random during scrapes', { timeout: 120_000 }, async () => {
  const { url } = await start(4)
  const reported = new Map<number, number>() // the last total that each worker reported
  let commanded = 0
  let before = 0
  let failed = 0
  const alive = (): number[] => {
    const isGone = new Set(program!.facts.filter((fact) => 'gone' in fact).map((fact) => fact['gone'] as number))
    return program!.facts
      .filter((fact) => fact['ready'] === true && !isGone.has(fact['worker'] as number))
      .map((fact) => fact['worker'] as number)
  }
  for (let round = 0; round < 40; round++) {
    const ids = alive()
    const amount = 1 + (round % 3)
    for (const id of ids) program!.command({ to: id, add: amount })
    commanded += amount * ids.length
    if (round % 2 === 1 && ids.length > 1) {
      program!.command({ to: ids[round % ids.length], kill: true })
      program!.command({ fork: true })
    }
    for (let at = 0; at < 3; at++) {
      const page = await scrape(url).catch(() => undefined)
      if (page === undefined) failed++
      const hits = page?.get(HITS) ?? before
      expect(hits).toBeGreaterThanOrEqual(before)
      before = hits
      await new Promise((resolve) => void setTimeout(resolve, 10))
    }
  }
  for (const fact of program!.facts) if ('total' in fact) reported.set(fact['worker'] as number, fact['total'] as number)
  const truth = [...reported.values()].reduce((sum, total) => sum + total, 0)
  // A worker that was killed had recorded at most 3 since its last reply, and twice that if it was slow.
  const kills = program!.facts.filter((fact) => fact['signal'] === 'SIGKILL').length
  expect(kills).toBeGreaterThan(10)
  await expect.poll(async () => (await scrape(url)).get(HITS)!, { timeout: 10_000 }).toBeGreaterThanOrEqual(truth - 6 * kills)
  // The last report of a worker that was killed may be lost although its rows have arrived.
  expect((await scrape(url)).get(HITS)!).toBeLessThanOrEqual(commanded)
  expect(failed).toBe(0)
})
