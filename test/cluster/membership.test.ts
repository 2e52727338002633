import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { timerClock } from '../../src/base/clock.js'
import { Member } from '../../src/cluster/member.js'
import { Membership } from '../../src/cluster/membership.js'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { Numbers, numbersOf, simpleData } from './simple-data.js'

// Members of one group in one process, over real sockets in a folder of the test's own.

const folder = mkdtempSync(join(tmpdir(), 'ts-group-'))
const started: Membership[] = []
let group = 0

afterEach(async () => {
  for (const membership of started.splice(0).reverse()) await membership.leave()
})

class TestMember {
  readonly numbers = new Numbers()
  readonly data = simpleData(timerClock)
  readonly member: Member
  readonly membership: Membership

  constructor(hash: string, values: Record<string, number>, maxMembers = 256) {
    Object.assign(this.numbers.values, values)
    this.member = new Member(newId(), this.data, [this.numbers], true)
    this.membership = new Membership({ member: this.member, data: this.data, folder: openGroupFolder(hash, folder), maxMembers })
    started.push(this.membership)
    this.membership.start()
  }

  /** Resolves when this member can be scraped, which takes seconds on a busy machine. */
  async joined(): Promise<void> {
    await expect.poll(() => this.page().then(Object, () => undefined)).toBeDefined()
  }

  async page(): Promise<Record<string, number>> {
    return numbersOf(await this.membership.families(4_000))
  }
}

const newGroup = (): string => `g${++group}`
/** The files of final rows in the folder of this group. */
const filesOf = (hash: string): string[] => readdirSync(folder).filter((name) => name.startsWith(`${hash}.`) && name.endsWith('.final'))

test('every member has the sums of all, in any order of joining', async () => {
  const hash = newGroup()
  const members = [1, 2, 4].map((hits) => new TestMember(hash, { hits, [`of${hits}`]: hits }))
  const expected = { hits: 7, of1: 1, of2: 2, of4: 4 }
  for (const member of members) await expect.poll(() => member.page()).toEqual(expected)
  expect(members.filter(({ membership }) => membership.isKeeper)).toHaveLength(1)
  members[1]!.numbers.values['hits'] = 20
  for (const member of members) expect(await member.page()).toEqual({ ...expected, hits: 25 })
})

test('the totals of a member that leaves stay in the group, and its gauges are removed', async () => {
  const hash = newGroup()
  const one = new TestMember(hash, { hits: 1, gauge: 1 })
  await one.joined()
  const two = new TestMember(hash, { hits: 2, gauge: 2 })
  await expect.poll(() => one.page()).toEqual({ hits: 3, gauge: 3 })
  two.numbers.values['hits'] = 10
  await two.membership.leave()
  await expect.poll(() => one.page()).toEqual({ hits: 11, gauge: 1 })
})

test('a member that leaves while it connects to the keeper does not join it', async () => {
  const hash = newGroup()
  const keeper = new TestMember(hash, { hits: 1 })
  await keeper.joined()
  const clock = new ManualClock()
  const data = simpleData(clock)
  const member = new Member(newId(), data, [new Numbers()], true)
  const membership = new Membership({ member, data, folder: openGroupFolder(hash, folder), maxMembers: 256 })
  membership.start()
  const left = membership.leave()
  clock.advance(1_000) // so that it waits no longer to be a member first
  await left
  expect(member.isConnected).toBe(false)
  expect(keeper.membership.keeper!.roster.size).toBe(1)
})

test('a keeper that leaves hands over its own totals and those of the departed', async () => {
  const hash = newGroup()
  const keeper = new TestMember(hash, { hits: 1, gauge: 1 })
  await keeper.joined()
  const gone = new TestMember(hash, { hits: 10 })
  const standby = new TestMember(hash, { hits: 100, gauge: 5 })
  const other = new TestMember(hash, { hits: 1_000 })
  await expect.poll(() => keeper.page()).toEqual({ hits: 1_111, gauge: 6 })
  await gone.membership.leave()
  await keeper.joined()
  keeper.numbers.values['hits'] = 7
  await keeper.membership.leave()
  for (const member of [standby, other]) {
    await expect.poll(() => member.page().catch(() => undefined), { timeout: 5_000 }).toEqual({ hits: 1_117, gauge: 5 })
  }
  expect([standby, other].filter(({ membership }) => membership.isKeeper)).toHaveLength(1)
})

test('a keeper, its standby and another member that leave at once lose nothing', async () => {
  const hash = newGroup()
  const keeper = new TestMember(hash, { hits: 1 })
  await keeper.joined()
  const others = [10, 100, 1_000].map((hits) => new TestMember(hash, { hits }))
  await expect.poll(() => keeper.page()).toEqual({ hits: 1_111 })
  for (const { numbers } of [keeper, ...others]) numbers.values['hits']! += 1
  await Promise.all([keeper, others[0]!, others[1]!].map(({ membership }) => membership.leave()))
  await expect.poll(() => others[2]!.page().catch(() => undefined), { timeout: 5_000 }).toEqual({ hits: 1_115 })
  expect(filesOf(hash)).toEqual([])
})

test('a process that ends at the moment it becomes the keeper loses nothing', async () => {
  const hash = newGroup()
  const keeper = new TestMember(hash, { hits: 1 })
  await keeper.joined()
  const standby = new TestMember(hash, { hits: 10 })
  await expect.poll(() => standby.page()).toEqual({ hits: 11 })

  const { data, membership } = standby
  const { merged } = data
  const written = new Promise<string[]>((resolve) => {
    vi.spyOn(data, 'merged').mockImplementationOnce(() => {
      queueMicrotask(() => {
        membership.flushSync()
        resolve(filesOf(hash))
      })
      return merged()
    })
  })
  await keeper.membership.leave()
  const next = newGroup()
  for (const file of await written) copyFileSync(join(folder, file), join(folder, file.replace(hash, next)))
  const last = new TestMember(next, {})
  await last.joined()
  expect(await last.page()).toEqual({ hits: 11 })
})

/** Calls `leave()`, and `process.exit()` after so many microtasks. */
async function exitWhileLeaving({ membership }: TestMember, microtasks: number): Promise<void> {
  const leaving = membership.leave()
  for (let at = 0; at < microtasks; at++) await undefined
  membership.flushSync()
  await leaving
}

test('a member that exits while it leaves loses nothing, and counts once', async () => {
  const hash = newGroup()
  const keeper = new TestMember(hash, {})
  await keeper.joined()
  const microtasks = [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30]
  const members = microtasks.map((_, at) => new TestMember(hash, { [`of${at}`]: 1 }))
  for (const member of members) await member.joined()
  for (const [at, { numbers }] of members.entries()) numbers.values[`of${at}`] = 2
  await Promise.all(members.map((member, at) => exitWhileLeaving(member, microtasks[at]!)))
  const expected = Object.fromEntries(microtasks.map((_, at) => [`of${at}`, 2]))
  await expect.poll(() => keeper.page(), { timeout: 5_000 }).toEqual(expected)
  expect(filesOf(hash)).toEqual([])
})

test('a member that leaves twice, before it has joined and during a scrape, counts once', async () => {
  const hash = newGroup()
  const keeper = new TestMember(hash, { hits: 1 })
  await keeper.joined()
  const member = new TestMember(hash, { hits: 10 })
  const pages = [member.page(), keeper.page()].map((page) => page.catch(({ code }: { code: string }) => code))
  await Promise.all([member.membership.leave(), member.membership.leave(), ...pages])
  await member.membership.leave()
  expect(await member.page().catch(({ code }: { code: string }) => code)).toBe('ERR_GROUP_LEFT')
  await expect.poll(() => keeper.page(), { timeout: 5_000 }).toEqual({ hits: 11 })
  const scrape = keeper.page().catch(({ code }: { code: string }) => code)
  await Promise.all([keeper.membership.leave(), keeper.membership.leave(), scrape])
  expect([{ hits: 11 }, 'ERR_GROUP_LEFT', 'ERR_GROUP_INCOMPLETE']).toContainEqual(await scrape)
})

test('after leave, flush and scrapes reject at once', async () => {
  const data = simpleData(new ManualClock()) // no time passes
  const member = new Member(newId(), data, [], true)
  const membership = new Membership({ member, data, folder: undefined, maxMembers: 8 })
  membership.start()
  await membership.leave()
  await expect(membership.flush()).rejects.toMatchObject({ code: 'ERR_GROUP_LEFT' })
  await expect(membership.families(1_000)).rejects.toMatchObject({ code: 'ERR_GROUP_LEFT' })
})

test('a new group starts at 0, even if files of an earlier one exist', async () => {
  const hash = newGroup()
  openGroupFolder(hash, folder).writeFinalRows(newId(), [new Uint8Array([1, 2, 3])])
  const member = new TestMember(hash, { hits: 1 })
  await member.joined()
  expect(await member.page()).toEqual({ hits: 1 })
  expect(filesOf(hash)).toEqual([])
})

test('sixteen members that join at once have one keeper, despite the socket of a dead one', async () => {
  const hash = newGroup()
  const members = Array.from({ length: 16 }, () => new TestMember(hash, { hits: 1 }))
  for (const member of members) await expect.poll(() => member.page().catch(() => undefined), { timeout: 5_000 }).toEqual({ hits: 16 })
  expect(members.filter(({ membership }) => membership.isKeeper)).toHaveLength(1)
})

test('a member beyond the limit is refused, and its metrics cannot be gathered', async () => {
  const hash = newGroup()
  const one = new TestMember(hash, { hits: 1 }, 1)
  await one.joined()
  const two = new TestMember(hash, { hits: 2 }, 1)
  await expect(two.page()).rejects.toThrow(expect.objectContaining({ code: 'ERR_GROUP_INCOMPLETE' }) as Error)
  expect(await one.page()).toEqual({ hits: 1 })
})

test('the last one to leave removes the sockets', async () => {
  const hash = newGroup()
  const one = new TestMember(hash, { hits: 1 })
  await one.joined()
  const two = new TestMember(hash, { hits: 2 })
  await two.joined()
  await one.membership.leave()
  await expect.poll(() => two.page().catch(() => undefined), { timeout: 5_000 }).toEqual({ hits: 3 })
  await two.membership.leave()
  expect(readdirSync(folder).filter((name) => name.startsWith(`${hash}.`))).toEqual([])
})

test('two groups in one folder are separate', async () => {
  const one = new TestMember(newGroup(), { hits: 1 })
  const two = new TestMember(newGroup(), { hits: 2 })
  for (const member of [one, two]) await member.joined()
  expect(await one.page()).toEqual({ hits: 1 })
  expect(await two.page()).toEqual({ hits: 2 })
})

process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
