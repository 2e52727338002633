import { afterEach, expect, test, vi } from 'vitest'
import { type DataLimits, DEFAULT_DATA_LIMITS } from '../../src/cluster/frames/contributor.js'
import { FRAME, FrameWriter } from '../../src/cluster/frames/frame-writer.js'
import { MergedFamilies } from '../../src/cluster/data/merged-families.js'
import type { Keeper } from '../../src/cluster/keeper.js'
import { Member } from '../../src/cluster/member.js'
import { controlFrame } from '../../src/cluster/net/control-frames.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, HeldChannel, hello, keeperWith, turns } from '../cluster/one-keeper.js'

// Members and keepers that send valid frames without end.

afterEach(() => {
  vi.restoreAllMocks()
})

const restart = (): Uint8Array => new FrameWriter().begin(FRAME.RESTART).end()
const complete = (): Uint8Array => new FrameWriter().begin(FRAME.COMPLETE).end()
const origin = (of: 'keeper' | 'departed', term = newId()): Uint8Array =>
  controlFrame('ORIGIN', { of, keeperId: newId(), term, id: newId(), slot: 0, pid: process.pid })

function definition(number: number, name: string, change: object = {}): Uint8Array {
  const text = { description: '', unit: '1', type: 'CUMULATIVE_INT64', labelKeys: [], kind: 'scalar', bounds: [], name, ...change }
  return new FrameWriter().begin(FRAME.DEFINE).varint(number).varint(0).text(JSON.stringify(text)).end()
}

async function joined(keeper: Keeper, id = newId()): Promise<HeldChannel> {
  const channel = new HeldChannel()
  keeper.accept(channel)
  channel.onFrame(hello(id))
  await turns(4)
  return channel
}

/** Sends frames, a thousand at a time, until the connection is closed. Returns why it was. */
async function flood(channel: HeldChannel, frames: () => readonly Uint8Array[], times: number): Promise<string | undefined> {
  for (let at = 0; at < times && !channel.isEnded; at++) {
    for (const frame of frames()) channel.onFrame(frame)
    if (at % 1_000 === 0) await turns(10)
  }
  await turns(100)
  return channel.said('REFUSED').at(-1)?.reason
}

test.each(['keeper', 'departed'] as const)('parts of replicas (%s) that are never complete are limited', async (of) => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  expect(await flood(await joined(keeper), () => [origin(of), restart()], 6_000)).toBe('limit')
  await keeper.close()
})

test('members of keepers that are said to hang are limited', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  const stopped = (): Uint8Array[] => {
    const term = newId()
    return [origin('keeper', term), restart(), controlFrame('REPLICA', { keeperId: newId(), term, isOver: false })]
  }
  await flood(await joined(keeper), stopped, 6_000)
  expect(keeper.departures.lostCount).toBeLessThanOrEqual(4_096)
  await keeper.close()
})

test('requests for merged rows that are not waited for are limited', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  const request = (): Uint8Array[] => [controlFrame('REQUEST_MERGED', { number: 1, waitMs: 1_000, isFresh: true })]
  expect(await flood(await joined(keeper), request, 2_000)).toBe('limit')
  await keeper.close()
})

test('a member that reads nothing gets no confirmations', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  const member = await joined(keeper)
  member.isBusy = true
  await flood(member, () => [controlFrame('END', { number: 0 })], 2_000)
  expect(member.said('ALIVE')).toEqual([])
  member.take()
  member.onFrame(controlFrame('END', { number: 0 }))
  await turns()
  expect(member.said('ALIVE')).toHaveLength(1)
  await keeper.close()
})

test('a member that waits long for others makes no scrape of another one wait as long', async () => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock))
  const own = await joined(keeper, keeper.id)
  own.onFrame(controlFrame('END', { number: 0 }))
  const patient = await joined(keeper)
  patient.onFrame(controlFrame('REQUEST_MERGED', { number: 1, waitMs: 60_000, isFresh: true }))
  await turns()
  const settled = vi.fn()
  void keeper.gather(1_000).then(settled, settled) // no member replies
  await turns()
  for (let at = 0; at < 4; at++) {
    await clock.advanceAsync(1_000)
    await turns()
  }
  expect(settled).toHaveBeenCalled()
  await keeper.close()
})

test('a member that waits for 1 ms makes no other member late, and ends no wait of another one', async () => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock))
  const own = await joined(keeper, keeper.id)
  own.onFrame(controlFrame('END', { number: 0 }))
  const hasty = await joined(keeper)
  hasty.onFrame(controlFrame('REQUEST_MERGED', { number: 1, waitMs: 1, isFresh: true }))
  await turns()
  const settled = vi.fn()
  const gathering = keeper.gather(1_000).then(settled, settled) // no standby has the rows of the keeper
  await clock.advanceAsync(500)
  await turns()
  expect([settled.mock.calls.length, keeper.roster.entries().map(({ state }) => state)]).toEqual([0, ['live', 'live']])
  const [{ number }] = own.said('REQUEST_CHANGES') as unknown as [{ number: number }]
  for (const member of [own, hasty]) member.onFrame(controlFrame('END', { number }))
  await turns()
  await clock.advanceAsync(2_000)
  await gathering
  await keeper.close()
})

test('a waiting time longer than any member needs is invalid', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  const request = (): Uint8Array[] => [controlFrame('REQUEST_MERGED', { number: 1, waitMs: 2 ** 40, isFresh: true })]
  expect(await flood(await joined(keeper), request, 1)).toBe('malformed')
  await keeper.close()
})

const group = (limits: Partial<DataLimits> = {}): MergedFamilies =>
  new MergedFamilies({ clock: new ManualClock(), limits: { ...DEFAULT_DATA_LIMITS, ...limits } })
const overLimit = expect.objectContaining({ code: 'ERR_GROUP_LIMIT' }) as Error

test('families that members define and drop, with new names and new definitions, leave nothing behind', () => {
  const merged = group({ definitions: 10 })
  const member = merged.contributor('member', 0)
  for (let at = 0; at < 1_000; at++) {
    member.apply(definition(at, `family_${at}`))
    member.apply(new FrameWriter().begin(FRAME.DROP).varint(at).end())
  }
  for (let at = 0; at < 1_000; at++) {
    const one = merged.contributor(`member ${at}`, 1)
    one.apply(definition(0, `gauge_${at}`, { type: 'GAUGE_INT64' }))
    one.depart()
  }
})

test('a family whose members have all dropped it begins again at 0', () => {
  const merged = group()
  const member = merged.contributor('member', 0)
  const registry = new MetricRegistry({ clock: new ManualClock() })
  const data = dataWith(new ManualClock())
  const send = (): void => {
    for (const frame of data.changes([registry]).framesNow()) member.apply(frame)
  }
  const shown = (): unknown => merged.getMetrics().map(({ descriptor, timeSeries }) => [descriptor.name, timeSeries[0]!.points[0]!.value])
  registry.counter('jobs').inc(5)
  send()
  expect(shown()).toEqual([['jobs', 5]])
  registry.unregister('jobs')
  send()
  expect(shown()).toEqual([])
  registry.counter('jobs').inc(2)
  send()
  expect(shown()).toEqual([['jobs', 2]])
})

test('the families of all members together are limited', () => {
  const merged = group({ definitions: 10 })
  const define = (slot: number): void => {
    const member = merged.contributor(`member ${slot}`, slot)
    for (let at = 0; at < 10; at++) member.apply(definition(at, `family_${slot}_${at}`))
  }
  for (let slot = 0; slot < 4; slot++) define(slot)
  expect(() => define(4)).toThrow(overLimit)
})

test('a long definition counts as several', () => {
  const member = group({ definitions: 10 }).contributor('member', 0)
  const long = { description: 'x'.repeat(16_000) }
  expect(() => {
    for (let at = 0; at < 10; at++) member.apply(definition(at, `family_${at}`, long))
  }).toThrow(overLimit)
  member.apply(restart())
  member.apply(complete())
  for (let at = 0; at < 10; at++) member.apply(definition(at, `family_${at}`))
})

test('a member that begins again and again, with other families, is refused', () => {
  const member = group({ definitions: 10 }).contributor('member', 0)
  expect(() => {
    for (let at = 0; at < 100; at++) {
      member.apply(restart())
      for (let number = 0; number < 10; number++) member.apply(definition(number, `family_${at}`.padEnd(20 + number, 'x')))
    }
  }).toThrow(overLimit)
})

/** A member whose keeper is the test. */
async function memberOfTest(): Promise<{ member: Member; keeper: HeldChannel; ending: Promise<string> }> {
  const member = new Member(newId(), dataWith(new ManualClock()), [], true)
  const keeper = new HeldChannel()
  const ending = member.join(keeper)
  keeper.onFrame(controlFrame('WELCOME', { keeperId: newId(), term: newId(), slot: 1 }))
  await turns()
  return { member, keeper, ending }
}

test('a keeper that sends endless parts of a replica loses its member', async () => {
  const { keeper, ending } = await memberOfTest()
  const term = newId()
  await flood(keeper, () => [origin('keeper', term), restart()], 6_000)
  expect(await ending).toBe('closed')
  expect(keeper.isEnded).toBe(true)
})

test('a frame of the keeper that fails in an unforeseen way ends the connection, not the process', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { member, keeper, ending } = await memberOfTest()
  vi.spyOn(member, 'restart').mockImplementation(() => {
    throw new RangeError('a fault of ours')
  })
  keeper.onFrame(controlFrame('RESEND', {}))
  await turns()
  expect(await ending).toBe('closed')
  expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('a fault of ours'), expect.anything())
})
