import { expect, test } from 'vitest'
import { FRAME } from '../../src/cluster/frames/frame-writer.js'
import type { Keeper } from '../../src/cluster/keeper.js'
import { controlFrame } from '../../src/cluster/net/control-frames.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, HeldChannel, hello, keeperWith, turns } from './one-keeper.js'

/** After this time a member that has not replied is late. */
const WAIT_MS = 1_000

/** A keeper of which the test is all members, its own one included. */
async function keptGroup() {
  const clock = new ManualClock()
  const data = dataWith(clock)
  const id = newId()
  const keeper = keeperWith(data, { id })
  const registry = new MetricRegistry({ clock })
  registry.counter('hits').inc(17)
  const connect = async (memberId: string, change: object = {}): Promise<HeldChannel> => {
    const channel = new HeldChannel()
    keeper.accept(channel)
    channel.onFrame(hello(memberId, change))
    await turns(4)
    return channel
  }
  const sendRows = (channel: HeldChannel): void => {
    for (const frame of data.changes([registry]).framesNow()) channel.onFrame(frame)
  }
  /** A gathering in which only the keeper's own member replies, and the others are late. */
  const pageWithOthersLate = async (): Promise<unknown> => {
    const shown = pageOf(keeper)
    await turns()
    sendRows(own)
    reply(own)
    await turns()
    await clock.advanceAsync(WAIT_MS)
    return shown
  }
  const [own, other] = [await connect(id), await connect(newId())]
  sendRows(own)
  own.onFrame(controlFrame('END', { number: 0 }))
  await turns()
  return { clock, keeper, connect, sendRows, pageWithOthersLate, own, other }
}

function reply(channel: HeldChannel): void {
  channel.onFrame(controlFrame('END', { number: channel.said('REQUEST_CHANGES').at(-1)!.number }))
}

const pageOf = (keeper: Keeper): Promise<unknown> =>
  keeper.gather(WAIT_MS).then(
    () => 'a page',
    (error: unknown) => (error as { code: string }).code,
  )

test('no page is shown before the standby has the rows of the keeper, even if these are late', async () => {
  const { clock, keeper, own, other, sendRows } = await keptGroup()
  const late = pageOf(keeper)
  await turns()
  reply(other)
  for (let round = 0; round < 3; round++) {
    await turns()
    await clock.advanceAsync(WAIT_MS)
  }
  expect(await late).toBe('ERR_GROUP_INCOMPLETE')

  sendRows(own)
  reply(own)
  await turns()
  const shown = pageOf(keeper)
  await turns()
  for (const channel of [own, other]) reply(channel)
  expect(await shown).toBe('a page')
  expect([other.dataKinds.at(0), other.dataKinds.includes(FRAME.COMPLETE)]).toEqual([FRAME.RESTART, true])
})

test('a member that is late becomes the standby if no other one is there', async () => {
  const { clock, keeper, own, other, sendRows } = await keptGroup()
  const shown = pageOf(keeper)
  await turns()
  await clock.advanceAsync(WAIT_MS) // all are late
  expect(await shown).toBe('ERR_GROUP_INCOMPLETE')
  sendRows(own)
  await turns()
  expect(other.dataKinds).toContain(FRAME.COMPLETE)
})

test('a standby that reads nothing is replaced, and is not chosen again while it is late', async () => {
  const { pageWithOthersLate, other } = await keptGroup()
  other.isBusy = true
  for (let pages = 0; pages < 5; pages++) expect(await pageWithOthersLate()).toBe('a page')
  const before = other.dataKinds.length
  expect(before).toBeGreaterThan(0)
  expect(await pageWithOthersLate()).toBe('a page')
  expect(other.dataKinds).toHaveLength(before)
})

test('pages do not wait for a thread of the keeper that is late', async () => {
  const { connect, pageWithOthersLate } = await keptGroup()
  const thread = await connect(newId(), { threadId: 1, canLead: false })
  expect(await pageWithOthersLate()).toBe('a page')
  expect(thread.said('RESEND')).toHaveLength(1)
})
