import { expect, test } from 'vitest'
import type { Keeper } from '../../src/cluster/keeper.js'
import { Member } from '../../src/cluster/member.js'
import { memoryChannels } from '../../src/cluster/net/memory-channel.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { selfMetrics } from '../../src/metrics/collection/internal-metrics-producer.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, keeperWith, turns } from './one-keeper.js'

const clock = new ManualClock()
const data = dataWith(clock)

/** The library's gauges about the group, as `name label: value`. */
function shown(): string[] {
  return (selfMetrics().getMetrics() as Metric[])
    .filter(({ descriptor }) => descriptor.name.startsWith('tallyscope_group_') && descriptor.type === 'GAUGE_DOUBLE')
    .flatMap(({ descriptor, timeSeries }) =>
      timeSeries.map(({ labelValues, points }) => `${[descriptor.name.slice(17), ...labelValues].join(' ')}: ${String(points[0]!.value)}`),
    )
}

/** A member whose end of the channel is in the hands of the test. */
function join(group: Keeper, value: number, id: string = newId()) {
  const registry = new MetricRegistry({ clock })
  const counter = registry.counter('jobs', { labelKeys: ['queue'] })
  counter.inc(value, { queue: `of ${value}` })
  const member = new Member(id, data, [registry], true)
  const [own, theirs] = memoryChannels()
  group.accept(theirs)
  void member.join(own)
  return { member, own }
}

test('the gauges of a process that is the keeper of two groups show both', async () => {
  const groups = [keeperWith(data), keeperWith(data)]
  for (const group of groups) join(group, 1)
  join(groups[0]!, 2)
  await turns()
  clock.advance(3_000)
  for (const group of groups) group.tick()
  expect(shown()).toEqual(['member_age_seconds 0: 3', 'member_age_seconds 1: 3', 'members live: 3', 'members late: 0', 'rows: 3'])
  await groups[0]!.close()
  expect(shown()).toEqual(['member_age_seconds 0: 3', 'members live: 1', 'members late: 0', 'rows: 1'])
  await groups[1]!.close()
  expect(shown()).toEqual([])
})

test('a keeper exposes the number of members, the age of their rows and the number of merged rows, while it is the keeper', async () => {
  const id = newId()
  const group = keeperWith(data, { id, restartOwnRows: () => own.member.restart() })
  const own = join(group, 1, id)
  const quiet = join(group, 2)
  await turns()
  const first = group.gather(1_000)
  await turns()
  await first
  clock.advance(5_000)
  group.tick()
  expect(shown()).toEqual(['member_age_seconds 0: 5', 'member_age_seconds 1: 5', 'members live: 2', 'members late: 0', 'rows: 2'])
  quiet.own.send = () => {} // its answers get lost
  const second = group.gather(1_000)
  await turns()
  clock.advance(1_000)
  await second
  group.tick()
  expect(shown()).toEqual(['member_age_seconds 0: 1', 'member_age_seconds 1: 6', 'members live: 1', 'members late: 1', 'rows: 2'])
  quiet.own.destroy()
  await turns()
  group.tick()
  expect(shown()).toEqual(['member_age_seconds 0: 1', 'members live: 1', 'members late: 0', 'rows: 2'])
  await group.close()
  expect(shown()).toEqual([])
})
