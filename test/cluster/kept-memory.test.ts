import { queryObjects } from 'node:v8'
import { expect, test, vi } from 'vitest'
import { ChangedRows } from '../../src/cluster/data/changed-rows.js'
import { MemberContributor } from '../../src/cluster/data/member-contributor.js'
import { MemberRows } from '../../src/cluster/data/member-rows.js'
import { PayloadReader } from '../../src/cluster/frames/payload-reader.js'
import { ScalarValues } from '../../src/cluster/values/scalar-values.js'
import { drained, newConnection } from '../../src/cluster/keeper-connection.js'
import { controlFrame } from '../../src/cluster/net/control-frames.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, HeldChannel, hello, keeperWith, turns } from './one-keeper.js'

/** Longer than a member that is lost may take to rejoin. */
const DEPARTED_MS = 11_000

/** Counts the objects of these classes in memory, after a garbage collection. */
function kept(): number[] {
  return [HeldChannel, MemberContributor, MemberRows, ScalarValues, PayloadReader].map((made) => queryObjects(made, { format: 'count' }))
}

test('a keeper keeps no object of members that have left or were lost', { timeout: 60_000 }, async () => {
  const clock = new ManualClock()
  const keeper = keeperWith(dataWith(clock))
  const registry = new MetricRegistry()
  registry.counter('hits', { labelKeys: ['kind'] }).inc(1, { kind: 'a' })
  const join = async (): Promise<HeldChannel> => {
    const channel = new HeldChannel()
    keeper.accept(channel)
    channel.onFrame(hello())
    for (const frame of new ChangedRows([registry]).framesNow()) channel.onFrame(frame)
    channel.onFrame(controlFrame('END', { number: 0 }))
    await turns()
    return channel
  }
  const restarts = async (count: number): Promise<number[]> => {
    for (let at = 0; at < count; at++) {
      const channel = await join()
      if (at % 2 === 0) channel.onFrame(controlFrame('LEAVE', {}))
      else channel.destroy()
      await turns()
      clock.advance(DEPARTED_MS)
    }
    await turns()
    return kept()
  }
  await join()
  const before = await restarts(4)
  expect(await restarts(40)).toEqual(before)
  expect([...keeper.departures.slots(), keeper.roster.size]).toEqual([1])
  await keeper.close()
})

test('waiting for a busy keeper adds nothing to the promise of the end of its connection', async () => {
  const channel = new HeldChannel()
  const connection = newConnection(channel, new ManualClock(), () => {})
  const then = vi.spyOn(connection.ended, 'then')
  for (let at = 0; at < 3; at++) {
    channel.isBusy = true
    const waiting = drained(connection)
    channel.take()
    await waiting
  }
  expect(then).not.toHaveBeenCalled()
})

test('waiting for a busy keeper ends with its connection', async () => {
  const channel = new HeldChannel()
  const connection = newConnection(channel, new ManualClock(), () => {})
  channel.isBusy = true
  const waiting = drained(connection)
  connection.resolve('hung')
  await waiting
  expect(await connection.ended).toBe('hung')
})
