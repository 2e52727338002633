import { afterEach, beforeAll, expect, test } from 'vitest'
import { amount, figure } from '../faults/amount.js'
import { build, GroupProgram, scrape } from './group-program.js'

// Members, keepers and standbys that are stopped and killed.

beforeAll(build, 120_000)

const programs: GroupProgram[] = []
afterEach(async () => {
  for (const program of programs.splice(0)) await program.kill()
})

const HITS = 'shop_hits_total{kind="a"}'
const IN_TIME = { timeout: 40_000, interval: 200 }
let groups = 0
const newName = (): string => `signals ${process.pid} ${++groups}`

interface Running {
  readonly program: GroupProgram
  readonly url: string
}

async function start(name: string): Promise<Running> {
  const program = new GroupProgram('member.js', { group: { name } })
  programs.push(program)
  return { program, url: (await program.fact((fact) => 'url' in fact))['url'] as string }
}

/** The first is the keeper. */
async function startAll(name: string, count: number): Promise<[Running, Running, Running, ...Running[]]> {
  const all: Running[] = []
  for (let at = 0; at < count; at++) {
    all.push(await start(name))
    await add(all[at]!, 10 ** at)
    await expect.poll(() => hits(all[0]!), IN_TIME).toBe(Number('1'.repeat(at + 1)))
  }
  return all as [Running, Running, Running, ...Running[]]
}

const add = ({ program }: Running, count: number) => program.ask({ add: count }, (fact) => fact['added'] === count)
const hits = async ({ url }: Running): Promise<number | undefined> => (await scrape(url).catch(() => undefined))?.get(HITS)
const membersOf = async ({ program }: Running) =>
  (await program.ask({ members: true }, (fact) => 'members' in fact))['members'] as { isKeeper: boolean; isThis: boolean; state: string }[]

test('the totals of a stopped member stay in the page, and are exact after it continues', { timeout: 90_000 }, async () => {
  const [keeper, stopped, other] = await startAll(newName(), 3)
  stopped.program.process.kill('SIGSTOP')
  await add(other, 1_000)
  await expect.poll(() => hits(other), IN_TIME).toBe(1_111)
  expect(await hits(keeper)).toBe(1_111)
  expect((await membersOf(keeper)).map(({ state }) => state).sort()).toEqual(['late', 'live', 'live'])
  stopped.program.process.kill('SIGCONT')
  await add(stopped, 10_000)
  await expect.poll(() => hits(other), IN_TIME).toBe(11_111)
  await expect.poll(() => hits(stopped), IN_TIME).toBe(11_111)
  expect((await membersOf(keeper)).map(({ state }) => state)).toEqual(['live', 'live', 'live'])
})

test('a stopped keeper is replaced, and counts once after it continues', { timeout: 150_000 }, async () => {
  const [stopped, standby, other] = await startAll(newName(), 3)
  stopped.program.process.kill('SIGSTOP')
  expect(await hits(other)).toBeUndefined()
  await expect.poll(() => hits(other), IN_TIME).toBe(111)
  await add(standby, 1_000)
  await expect.poll(() => hits(other), IN_TIME).toBe(1_111)
  stopped.program.process.kill('SIGCONT')
  await add(stopped, 10_000)
  for (const member of [stopped, standby, other]) await expect.poll(() => hits(member), IN_TIME).toBe(11_111)
})

test('exposed totals stay when one keeper after another is killed', { timeout: 300_000 }, async () => {
  const name = newName()
  const members: Running[] = await startAll(name, 3)
  let total = 111
  const kills = amount(4, 60)
  for (let kill = 0; kill < kills; kill++) {
    const roles = await Promise.all(
      members.map(async (member) => (await membersOf(member)).some(({ isKeeper, isThis }) => isKeeper && isThis)),
    )
    const [keeper] = members.splice(roles.indexOf(true), 1)
    await keeper!.program.kill()
    members.push(await start(name))
    await add(members[1]!, 1)
    total++
    for (const member of members) await expect.poll(() => hits(member), IN_TIME).toBe(total)
  }
  figure('keepers killed one after the other, nothing lost', `${kills} of ${kills}`)
})

test('killing a keeper and its standby at once loses their totals, and the group continues', { timeout: 120_000 }, async () => {
  const name = newName()
  const [keeper, standby, other] = await startAll(name, 3)
  for (const { program } of [keeper, standby]) program.process.kill('SIGKILL')
  await expect.poll(() => hits(other), IN_TIME).toBe(100)
  const next = await start(name)
  await add(next, 5)
  for (const member of [other, next]) await expect.poll(() => hits(member), IN_TIME).toBe(105)
})

test('the copies of the package in one process are one member', { timeout: 60_000 }, async () => {
  const program = new GroupProgram('two-copies.js', { name: newName() })
  programs.push(program)
  expect(await program.fact((fact) => 'isOne' in fact)).toEqual({ isOne: true, members: 1, hits: [10] })
})

test('the complete rows of a process that is killed while sending count', { timeout: 240_000 }, async () => {
  const name = newName()
  const keeper = await start(name)
  const rows = amount(20_000, 100_000)
  const kills = amount(4, 200)
  let before = new Map<string, number>()
  let part = 0
  for (let kill = 0; kill < kills; kill++) {
    const killed = new GroupProgram('many-rows.js', { name, rows })
    programs.push(killed)
    await killed.fact((fact) => 'shares' in fact)
    await new Promise((resolve) => void setTimeout(resolve, (kill % 8) * 12))
    await killed.kill()
    let page = new Map<string, number>()
    await expect.poll(async () => (page = await scrape(keeper.url).catch(() => page)).size, IN_TIME).toBeGreaterThanOrEqual(before.size)
    page.delete('tallyscope_overflow')
    for (const [series, value] of page) {
      if (value % 7 !== 0 || value > 7 * (kill + 1) || value < (before.get(series) ?? 0)) throw new Error(`${series} is ${value}`)
    }
    if (page.size > before.size && page.size < rows) part++
    before = page
  }
  figure('processes killed while they sent rows; of these within their first send', `${kills}; ${part}`)
})
