import { afterEach, beforeAll, expect, test } from 'vitest'
import { build, type Fact, GroupProgram, scrape } from './group-program.js'

// Worker threads, each of which writes the same line as the main thread.

beforeAll(build, 120_000)

const programs: GroupProgram[] = []
afterEach(async () => {
  for (const program of programs.splice(0)) await program.kill()
})

const HITS = 'shop_hits_total{kind="a"}'
const IN_TIME = { timeout: 10_000 }

function start(settings: object): GroupProgram {
  const program = new GroupProgram('member.js', settings)
  programs.push(program)
  return program
}

const urlOf = async (program: GroupProgram): Promise<string> => {
  return (await program.fact((fact) => 'url' in fact && 'pid' in fact))['url'] as string
}

async function threadsOf(program: GroupProgram, count: number): Promise<Fact[]> {
  const ready = (): Fact[] => program.facts.filter((fact) => 'ready' in fact)
  await expect.poll(() => ready().length, IN_TIME).toBe(count)
  return ready()
}

const add = (program: GroupProgram, to: number | undefined, amount: number, more: object = {}): Promise<Fact> =>
  program.ask({ to, add: amount, ...more }, (fact) => fact['added'] === amount && fact['thread'] === to)
const idOf = (fact: Fact): number => fact['thread'] as number
const hitsAt = async (url: string): Promise<number | undefined> => (await scrape(url).catch(() => undefined))?.get(HITS)
const page = async (url: string): Promise<Record<string, number>> =>
  Object.fromEntries(await scrape(url).catch(() => new Map<string, number>()))

test.each([
  ['when', {}],
  ['before', { shares: false }],
])('threads and their process have common totals if they join %s the main thread does', { timeout: 60_000 }, async (_when, settings) => {
  const program = start({ threads: 2, servesInThreads: true, ...settings })
  const threads = await threadsOf(program, 2)
  if ('shares' in settings) program.command({ share: true })
  const url = await urlOf(program)
  await add(program, undefined, 1)
  await add(program, idOf(threads[0]!), 10)
  await add(program, idOf(threads[1]!), 100)
  for (const each of [url, ...threads.map((fact) => fact['url'] as string)]) {
    await expect.poll(() => page(each), IN_TIME).toEqual({ [HITS]: 111, shop_busy: 3 })
  }
  const { members } = await program.ask({ members: true }, (fact) => 'members' in fact)
  expect((members as { threadId: number; isKeeper: boolean }[]).map(({ threadId, isKeeper }) => [threadId === 0, isKeeper])).toEqual([
    [true, true],
    [false, false],
    [false, false],
  ])
})

test.each(['exit', 'throw', 'leave'])('a thread that ends by %s loses no increment', { timeout: 60_000 }, async (how) => {
  const program = start({ threads: 1 })
  const [thread] = await threadsOf(program, 1)
  const url = await urlOf(program)
  await add(program, undefined, 1)
  await add(program, idOf(thread!), 10)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 11, shop_busy: 2 })
  await add(program, idOf(thread!), 100, { [how]: true })
  await program.fact((fact) => fact['goneThread'] === idOf(thread!) || fact['left'] === true)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 111, shop_busy: 1 })
})

test('a short-lived thread counts if it leaves the group', { timeout: 60_000 }, async () => {
  const program = start({})
  const url = await urlOf(program)
  program.command({ startThread: true })
  const { thread } = await program.fact((fact) => 'ready' in fact)
  program.command({ to: thread, add: 10, leave: true })
  await program.fact((fact) => fact['left'] === true)
  expect(await hitsAt(url)).toBe(10)
})

test('the exposed totals of a terminated thread stay, and its gauges are removed', { timeout: 60_000 }, async () => {
  const program = start({ threads: 2 })
  const threads = await threadsOf(program, 2)
  const url = await urlOf(program)
  for (const [at, thread] of threads.entries()) await add(program, idOf(thread), 10 ** at)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 11, shop_busy: 2 })
  program.command({ to: idOf(threads[0]!), terminate: true })
  await program.fact((fact) => fact['goneThread'] === idOf(threads[0]!))
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 11, shop_busy: 1 })
  for (let round = 0; round < 20; round++) {
    program.command({ startThread: true })
    const { thread } = await program.fact(
      (fact) => 'ready' in fact && !program.facts.some(({ goneThread }) => goneThread === fact['thread']),
    )
    await add(program, thread as number, 1)
    program.command({ to: thread, terminate: true })
    await program.fact((fact) => fact['goneThread'] === thread)
    const hits = await hitsAt(url)
    expect(hits).toBeGreaterThanOrEqual(11)
    expect(hits).toBeLessThanOrEqual(11 + round + 1)
  }
})

test('a thread that is terminated while it leaves keeps what was exposed, and the group goes on', { timeout: 60_000 }, async () => {
  const program = start({ threads: 8 })
  const threads = await threadsOf(program, 8)
  const url = await urlOf(program)
  for (const thread of threads) await add(program, idOf(thread), 10)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 80, shop_busy: 8 })
  for (const [at, thread] of threads.entries()) program.command({ to: idOf(thread), add: 1, leave: true, terminateAfterMs: at / 2 })
  for (const thread of threads) await program.fact((fact) => fact['goneThread'] === idOf(thread))
  await expect.poll(async () => (await page(url))['shop_busy'], IN_TIME).toBeUndefined()
  const hits = (await hitsAt(url))!
  expect(hits).toBeGreaterThanOrEqual(80)
  expect(hits).toBeLessThanOrEqual(88)
  await add(program, undefined, 1)
  expect(await page(url)).toEqual({ [HITS]: hits + 1, shop_busy: 1 })
})

test('a terminated thread loses no more than it recorded in its last moment', { timeout: 60_000 }, async () => {
  const program = start({ threads: 1 })
  const [thread] = await threadsOf(program, 1)
  const url = await urlOf(program)
  await add(program, undefined, 1)
  await expect.poll(() => hitsAt(url), IN_TIME).toBe(1)
  await add(program, idOf(thread!), 10)
  await new Promise((resolve) => void setTimeout(resolve, 600)) // nobody scrapes
  program.command({ to: idOf(thread!), terminate: true })
  await program.fact((fact) => fact['goneThread'] === idOf(thread!))
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 11, shop_busy: 1 })
})

test('a thread with a blocked event loop is late once, and exact afterwards', { timeout: 60_000 }, async () => {
  const program = start({ threads: 1 })
  const [thread] = await threadsOf(program, 1)
  const url = await urlOf(program)
  await add(program, idOf(thread!), 2)
  await expect.poll(() => hitsAt(url), IN_TIME).toBe(2)
  program.command({ to: idOf(thread!), add: 3, block: 6_000 })
  await new Promise((resolve) => void setTimeout(resolve, 100))
  const times: number[] = []
  for (let at = 0; at < 3; at++) {
    const beginMs = performance.now()
    expect(await hitsAt(url)).toBe(2)
    times.push(performance.now() - beginMs)
  }
  expect(times[0]).toBeLessThan(4_000) // a second, and what a busy machine adds
  expect(Math.max(...times.slice(1))).toBeLessThan(900) // not a second again
  await expect.poll(() => hitsAt(url), IN_TIME).toBe(5)
})

test('the exposed totals of the threads of a killed keeper stay', { timeout: 60_000 }, async () => {
  const group = { name: `threads ${process.pid}` }
  const keeper = start({ threads: 2, group })
  const threads = await threadsOf(keeper, 2)
  await urlOf(keeper)
  const others = [start({ threads: 1, group }), start({ group })]
  const url = await urlOf(others[1]!)
  await threadsOf(others[0]!, 1)
  await add(keeper, undefined, 1)
  for (const thread of threads) await add(keeper, idOf(thread), 10)
  await add(others[0]!, idOf((await threadsOf(others[0]!, 1))[0]!), 100)
  await add(others[1]!, undefined, 1_000)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 1_121, shop_busy: 5 })
  // One of its threads has ended before: it may count as departed only.
  keeper.command({ to: idOf(threads[0]!), terminate: true })
  await keeper.fact((fact) => 'goneThread' in fact)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 1_121, shop_busy: 4 })
  const { members } = await keeper.ask({ members: true }, (fact) => 'members' in fact)
  expect((members as { isKeeper: boolean; isThis: boolean }[]).find(({ isKeeper }) => isKeeper)!.isThis).toBe(true)
  await keeper.kill()
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 1_121, shop_busy: 2 })
})

test('a keeper that leaves is followed by another process, and its threads stay members', { timeout: 60_000 }, async () => {
  const group = { name: `threads of a leaver ${process.pid}` }
  const keeper = start({ threads: 1, group })
  const [thread] = await threadsOf(keeper, 1)
  await urlOf(keeper)
  const other = start({ group })
  const url = await urlOf(other)
  await add(keeper, undefined, 1)
  await add(keeper, idOf(thread!), 10)
  await add(other, undefined, 100)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 111, shop_busy: 3 })
  await keeper.ask({ leave: true }, (fact) => fact['left'] === true)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 111, shop_busy: 2 })
  await add(keeper, idOf(thread!), 1_000)
  await expect.poll(() => page(url), IN_TIME).toEqual({ [HITS]: 1_111, shop_busy: 2 })
})
