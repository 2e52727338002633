import { connect, createServer, type Server, type Socket } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { FRAME } from '../../src/cluster/frames/frame-writer.js'
import type { Keeper } from '../../src/cluster/keeper.js'
import { Member } from '../../src/cluster/member.js'
import { controlFrame } from '../../src/cluster/net/control-frames.js'
import { memoryChannels } from '../../src/cluster/net/memory-channel.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { SocketChannel } from '../../src/cluster/net/socket-channel.js'
import { snapshotsOf } from '../../src/metrics/data/snapshot.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { counted, dataWith, HeldChannel, hello, keeperWith, turns } from './one-keeper.js'

// Keepers that hang, members that take nothing, foreign clients: in one process, by a clock and channels of the test.

function memberWith(rows: number) {
  const clock = new ManualClock()
  const registry = new MetricRegistry({ clock })
  const jobs = registry.counter('jobs', { labelKeys: ['queue'] })
  for (let at = 0; at < rows; at++) jobs.inc(1, { queue: `queue ${at}` })
  return { clock, jobs, member: new Member(newId(), dataWith(clock), [registry], true) }
}

/** Joins a keeper that is the test, which takes the member. */
async function joined(member: Member, keeper: HeldChannel): Promise<{ ending: Promise<string> }> {
  const ending = member.join(keeper)
  keeper.onFrame(controlFrame('WELCOME', { keeperId: newId(), term: newId(), slot: 1 }))
  await turns()
  return { ending }
}

test('a keeper that stops reading is detected, and the next one gets all rows', async () => {
  const { clock, member } = memberWith(2_000)
  const [stopped, next] = [new HeldChannel(), new HeldChannel()]
  stopped.isBusy = true
  const { ending } = await joined(member, stopped)
  expect(stopped.dataKinds).toEqual([FRAME.RESTART])
  await clock.advanceAsync(11_000)
  expect(await ending).toBe('hung')
  await joined(member, next)
  expect([next.dataKinds.at(0), next.dataKinds.at(-1)]).toEqual([FRAME.RESTART, FRAME.COMPLETE])
  expect(next.dataKinds.length).toBeGreaterThan(5)
})

test('a member with nothing to send detects a hanging keeper at a scrape', async () => {
  const { clock, member } = memberWith(1)
  const keeper = new HeldChannel()
  const { ending } = await joined(member, keeper)
  keeper.onFrame(controlFrame('ALIVE', {}))
  await turns()
  await clock.advanceAsync(60_000)
  const page = member.merged(1_000, 4_000).catch((error: unknown) => error)
  await clock.advanceAsync(11_000)
  expect(await page).toMatchObject({ code: 'ERR_GROUP_INCOMPLETE' })
  expect(await ending).toBe('hung')
})

test('a process that was itself stopped does not mistake its keeper for hanging', async () => {
  const { clock, member } = memberWith(1)
  const keeper = new HeldChannel()
  const { ending } = await joined(member, keeper)
  const ended = vi.fn()
  void ending.then(ended)
  await clock.sleepAsync(30_000)
  keeper.onFrame(controlFrame('ALIVE', {})) // has been waiting in the socket
  await turns()
  await clock.advanceAsync(60_000)
  expect(ended).not.toHaveBeenCalled()
  expect(member.isConnected).toBe(true)
})

/** The channel of a member that is the test. */
async function connected(keeper: Keeper, id = newId(), change: object = {}): Promise<HeldChannel> {
  const channel = new HeldChannel()
  keeper.accept(channel)
  channel.onFrame(hello(id, change))
  await turns(4)
  return channel
}

test('a member that was stopped gets only the newest roster when it continues', async () => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock))
  const stopped = await connected(keeper)
  await clock.advanceAsync(1_000)
  const before = stopped.said('ROSTER').length
  stopped.isBusy = true
  for (let at = 0; at < 50; at++) {
    const other = await connected(keeper)
    await clock.advanceAsync(500)
    other.destroy()
    await turns(4)
    await clock.advanceAsync(500)
  }
  expect(stopped.said('ROSTER')).toHaveLength(before)
  await connected(keeper)
  stopped.take()
  await turns()
  expect(stopped.said('ROSTER')).toHaveLength(before + 1)
  expect(stopped.said('ROSTER').at(-1)!.members).toHaveLength(2)
  await keeper.close()
})

test('silent connections are closed after two seconds, and their number is limited', async () => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock), { maxMembers: 4 })
  const before = {
    silent: counted('tallyscope_group_refused_members_total', 'silent'),
    more: counted('tallyscope_group_refused_members_total', 'connections'),
  }
  const strangers = Array.from({ length: 10_000 }, () => new HeldChannel())
  for (const stranger of strangers) keeper.accept(stranger)
  expect(strangers.filter(({ isEnded }) => !isEnded)).toHaveLength(2 * 4 + 64)
  await clock.advanceAsync(2_000)
  expect(strangers.filter(({ isEnded }) => !isEnded)).toEqual([])
  await turns()
  expect(counted('tallyscope_group_refused_members_total', 'silent') - before.silent).toBe(72)
  expect(counted('tallyscope_group_refused_members_total', 'connections') - before.more).toBe(10_000 - 72)
  expect((await connected(keeper)).said('WELCOME')).toHaveLength(1)
  await keeper.close()
})

test('a member with another protocol version is refused with a message, and tries again with the next keeper', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  const other = await connected(keeper, newId(), { protocol: 99, a: 'field of that version' })
  expect(other.said('REFUSED')).toEqual([
    { kind: 'REFUSED', reason: 'protocol', message: 'the member has protocol version 99, the keeper has 1', isFinal: false },
  ])
  expect([other.isEnded, keeper.roster.size]).toEqual([true, 0])
  await keeper.close()
})

test('scrapes of a member that wait for each other all fail if its keeper ends', async () => {
  const member = new Member(newId(), dataWith(new ManualClock()), [], true)
  const channel = new HeldChannel()
  void member.join(channel)
  channel.onFrame(controlFrame('WELCOME', { keeperId: newId(), term: newId(), slot: 1 }))
  await turns()
  const pages = [1, 2, 3].map(() => member.merged(1_000, 2_000))
  channel.destroy()
  for (const { status } of await Promise.allSettled(pages)) expect(status).toBe('rejected')
})

test('frames of a late reply do not end the connection, and the next reply is shown', async () => {
  const { clock, member } = memberWith(1)
  const keeper = new HeldChannel()
  await joined(member, keeper)
  const merged = new MetricRegistry({ clock })
  const jobs = merged.counter('jobs')
  const reader = dataWith(clock).changes([merged])
  const term = newId()
  const reply = async (number: number): Promise<void> => {
    for (const frame of reader.framesNow()) {
      keeper.onFrame(controlFrame('ORIGIN', { of: 'merged', keeperId: term, term, id: term, slot: 0, pid: 1 }))
      keeper.onFrame(frame)
    }
    keeper.onFrame(controlFrame('END', { number }))
    await turns()
  }
  jobs.inc()
  const first = member.merged(1_000, 2_000)
  await turns()
  await reply(1)
  await first
  const late = member.merged(1_000, 2_000).catch((error: { code: string }) => error.code)
  await turns()
  await clock.advanceAsync(1_001)
  expect(await late).toBe('ERR_GROUP_INCOMPLETE')
  const next = member.merged(1_000, 2_000)
  await turns()
  jobs.inc()
  await reply(2)
  expect(keeper.isEnded).toBe(false)
  reader.restart()
  await reply(3)
  expect(snapshotsOf(await next, 0)[0]!.timeSeries[0]!.points[0]!.value).toBe(2)
})

test('members beyond the limit are refused and counted', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()), { maxMembers: 2 })
  const before = counted('tallyscope_group_refused_members_total', 'members')
  for (let at = 0; at < 5; at++) await connected(keeper)
  expect(keeper.roster.size).toBe(2)
  expect(counted('tallyscope_group_refused_members_total', 'members') - before).toBe(3)
  await keeper.close()
})

const opened: { readonly socket: Socket; readonly server: Server }[] = []
afterEach(() => {
  for (const { socket, server } of opened.splice(0)) {
    socket.destroy()
    server.close()
  }
})

/** A socket to a keeper, and the keeper's end of it. */
async function socketTo(keeper: Keeper): Promise<Socket> {
  const folder = mkdtempSync(join(tmpdir(), 'ts-'))
  const server = createServer((socket) => keeper.accept(new SocketChannel(socket)))
  await new Promise<void>((resolve) => void server.listen(join(folder, 's'), resolve))
  const socket = connect(join(folder, 's'))
  await new Promise((resolve) => void socket.once('connect', resolve))
  opened.push({ socket, server })
  rmSync(folder, { recursive: true })
  return socket
}

test.each([
  ['of more than a mebibyte', [0, 0, 32, 0], 'limit'],
  ['without a kind', [0, 0, 0, 0], 'malformed'],
  ['of another program', [...Buffer.from('GET / HTTP/1.1\r\n\r\n')], 'limit'],
])('a frame %s closes only its own connection, and is counted', async (_, bytes, reason) => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock))
  const [ours, theirs] = memoryChannels()
  keeper.accept(theirs)
  const { member } = memberWith(3)
  void member.join(ours)
  const before = counted('tallyscope_group_refused_members_total', reason)
  const stranger = await socketTo(keeper)
  const closed = new Promise((resolve) => void stranger.once('close', resolve))
  stranger
    .on('error', () => {})
    .resume()
    .write(Uint8Array.from(bytes))
  await closed
  await expect.poll(() => counted('tallyscope_group_refused_members_total', reason)).toBe(before + 1)
  expect(keeper.roster.size).toBe(1)
  await keeper.close()
})

test('a member that sent an invalid frame is refused for a minute, its rows stay, and then it counts once', async () => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock))
  const { member } = memberWith(3)
  const rows = [...member.finalFrames()].slice(1)
  const send = async (channel: HeldChannel): Promise<void> => {
    for (const frame of rows) channel.onFrame(frame)
    await turns()
  }
  const first = await connected(keeper, member.id)
  await send(first)
  first.onFrame(Uint8Array.of(2, 0, 0, 0, FRAME.VALUES, 99))
  await turns()
  expect(first.isEnded).toBe(true)
  expect((await connected(keeper, member.id)).said('REFUSED')).toMatchObject([{ reason: 'banned', isFinal: false }])
  await clock.advanceAsync(61_000)
  expect(rowsOf(keeper)).toBe(3)
  const again = await connected(keeper, member.id)
  expect(again.said('WELCOME')).toHaveLength(1)
  await send(again)
  await clock.advanceAsync(20_000)
  expect([rowsOf(keeper), totalOf(keeper)]).toEqual([3, 3])
  await keeper.close()
})

const sourcesOf = (keeper: Keeper) => keeper.families().flatMap((family) => ('chunks' in family ? [...family.chunks] : []))
const cellsOf = (keeper: Keeper): number[] =>
  sourcesOf(keeper).flatMap((chunk) => Array.from({ length: chunk.size }, (_, cell) => (chunk.isLive(cell) ? chunk.value(cell) : 0)))
const rowsOf = (keeper: Keeper): number => cellsOf(keeper).length
const totalOf = (keeper: Keeper): number => cellsOf(keeper).reduce((sum, value) => sum + value, 0)
