import { expect, test } from 'vitest'
import { timerClock } from '../../src/base/clock.js'
import type { Keeper } from '../../src/cluster/keeper.js'
import { Member } from '../../src/cluster/member.js'
import { memoryChannels } from '../../src/cluster/net/memory-channel.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { snapshotsOf } from '../../src/metrics/data/snapshot.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, HeldChannel, hello, keeperWith, turns } from './one-keeper.js'

const data = dataWith(timerClock, ['apart'])

function keeper(): Keeper {
  const id = newId()
  const own = memberOf(new MetricRegistry(), id)
  const made = keeperWith(data, { id, restartOwnRows: () => own.member.restart() })
  own.connect(made)
  return made
}

function memberOf(registry: MetricRegistry, id = newId()) {
  const member = new Member(id, data, [registry], true)
  const connect = (to: Keeper): (() => void) => {
    const [ours, theirs] = memoryChannels()
    to.accept(theirs)
    void member.join(ours)
    return () => ours.destroy()
  }
  return { member, connect }
}

async function page(of: Keeper): Promise<Record<string, unknown>> {
  await of.gather(1_000)
  return Object.fromEntries(
    snapshotsOf(of.families(), 0).map(({ descriptor, timeSeries }) => [
      descriptor.name,
      timeSeries.map(({ labelValues, points }) => [...labelValues, points[0]!.value]),
    ]),
  )
}

test('a member that reconnects counts once, in its former slot', async () => {
  const group = keeper()
  const registry = new MetricRegistry()
  registry.counter('hits').inc(5)
  registry.counter('apart').inc(1)
  registry.gauge('busy').set(2)
  const { connect } = memberOf(registry)
  const cut = connect(group)
  await expect.poll(() => page(group)).toEqual({ hits: [[5]], apart: [['1', 1]], busy: [[2]] })
  cut()
  await expect.poll(() => page(group)).toEqual({ hits: [[5]], apart: [['1', 1]], busy: [] })
  const other = new MetricRegistry()
  other.counter('hits').inc(100)
  other.counter('apart').inc(100)
  memberOf(other).connect(group)
  await expect
    .poll(() => page(group))
    .toEqual({
      hits: [[105]],
      apart: [
        ['1', 1],
        ['2', 100],
      ],
      busy: [],
    })
  registry.counter('hits').inc(1)
  connect(group)
  await expect
    .poll(() => page(group))
    .toEqual({
      hits: [[106]],
      apart: [
        ['1', 1],
        ['2', 100],
      ],
      busy: [[2]],
    })
  await group.close()
})

test('a member with two connections counts by the newer one', async () => {
  const group = keeper()
  const registry = new MetricRegistry()
  registry.counter('hits').inc(5)
  const { connect } = memberOf(registry)
  connect(group)
  await expect.poll(() => page(group)).toEqual({ hits: [[5]] })
  connect(group)
  registry.counter('hits').inc(2)
  await expect.poll(() => page(group)).toEqual({ hits: [[7]] })
  await group.close()
})

test('members keep their slots if the keeper changes, in any order of rejoining', async () => {
  const keeper = keeperWith(dataWith(new ManualClock()))
  const slots: number[] = []
  for (const slot of [2, 1, 2, 2 ** 40]) {
    const channel = new HeldChannel()
    keeper.accept(channel)
    channel.onFrame(hello(newId(), { slot, isRejoining: true }))
    await turns()
    slots.push(channel.said('WELCOME')[0]!.slot)
  }
  expect(slots).toEqual([2, 1, 0, 3]) // the smallest free one, if it is taken or out of range
})
