import { expect, test } from 'vitest'
import { Member } from '../../src/cluster/member.js'
import { controlFrame } from '../../src/cluster/net/control-frames.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { RejoiningMembers } from '../../src/cluster/rejoining-members.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, HeldChannel, turns } from './one-keeper.js'

/** The members that a new process waits for, which has become the keeper of a group that it does not know. */
function unknownMembers() {
  const clock = new ManualClock()
  const members = new RejoiningMembers({ expected: [], isSuccessor: false, isUnsure: true }, clock, () => [])
  const [early, late] = [newId(), newId()].map((id) => ({ id, pid: process.pid }))
  return { clock, members, early: early!, late: late! }
}

test('a member without a roster names nobody, so that a new keeper waits for another one', async () => {
  const { clock, members, early, late } = unknownMembers()
  members.addExpected([late], false)
  members.rejoined(late.id)
  await clock.advanceAsync(1_000)
  expect([members.isComplete, members.isContinued]).toEqual([false, true])
  members.addExpected([early], true)
  expect(members.isComplete).toBe(false)
  members.rejoined(early.id)
  expect(members.isComplete).toBe(true)
})

test('a new keeper gives up waiting for a roster after two seconds', async () => {
  const { clock, members, late } = unknownMembers()
  members.addExpected([late], false)
  members.rejoined(late.id)
  await clock.advanceAsync(2_000)
  expect([members.isComplete, members.isContinued]).toEqual([true, true])
})

test('a new keeper waits a moment for members that are in no roster', async () => {
  const { clock, members, early } = unknownMembers()
  members.addExpected([early], true)
  members.rejoined(early.id)
  expect(members.isComplete).toBe(false)
  await clock.advanceAsync(300)
  expect(members.isComplete).toBe(true)
})

test('a member sends the roster of its former keeper, itself included, and an empty one if it got none', async () => {
  const [id, keeperId] = [newId(), newId()]
  const member = new Member(id, dataWith(new ManualClock()), [], true)
  const [first, second, third] = [new HeldChannel(), new HeldChannel(), new HeldChannel()]
  const join = async (channel: HeldChannel): Promise<void> => {
    void member.join(channel)
    channel.onFrame(controlFrame('WELCOME', { keeperId, term: newId(), slot: 1 }))
    await turns()
  }
  await join(first)
  first.destroy()
  await join(second)
  const entry = { slot: 1, pid: process.pid, threadId: 0, state: 'live' as const }
  const members = [
    { ...entry, id: keeperId, isKeeper: true },
    { ...entry, id, isKeeper: false },
  ]
  second.onFrame(controlFrame('ROSTER', { members }))
  await turns()
  second.destroy()
  await join(third)
  const rosters = [first, second, third].map((channel) => channel.said('HELLO').map(({ isRejoining, roster }) => ({ isRejoining, roster })))
  expect(rosters).toEqual([
    [{ isRejoining: false, roster: [] }],
    [{ isRejoining: true, roster: [] }],
    [{ isRejoining: true, roster: [{ id, pid: process.pid }] }],
  ])
})
