import { expect, test } from 'vitest'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import { type Contributor, DEFAULT_DATA_LIMITS } from '../../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import { ForwardingSource } from '../../../src/metrics/data/forwarding-source.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import type { RowSource } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { Stats } from '../../../src/stats/stats.js'
import { count, distribution, sum } from '../../../src/stats/views/aggregation.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { linesOf } from './group-model.js'

// What `group-model.test.ts` has found, each in its shortest form.

class Member {
  readonly reader: ChangedRows
  readonly contributor: Contributor

  constructor(group: MergedFamilies, slot: number, ...producers: MetricProducer[]) {
    this.reader = new ChangedRows(producers)
    this.contributor = group.contributor(`member ${slot}`, slot)
  }

  /** @param frames Then the connection ends. Default: all. */
  send(frames = Number.POSITIVE_INFINITY): void {
    let left = frames
    for (const frame of this.reader.framesNow()) if (left-- > 0) this.contributor.apply(frame)
  }
}

const clock = new ManualClock({ unixMs: 0 })
const merged = (): MergedFamilies => new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
/** The samples that contain a string. */
const shown = (group: MetricProducer, part: string): string[] => linesOf([group]).filter((line) => line.includes(part))
const total = (group: MetricProducer): string[] => shown(group, 'requests_total')

function threeViews() {
  const stats = new Stats({ clock })
  const time = stats.measure('time', { unit: 's', tagKeys: ['route'] })
  const tagKeys = ['route'] as const
  stats.registerView({ name: 'seconds', measure: time, tagKeys, aggregation: sum() })
  stats.registerView({ name: 'latency', measure: time, tagKeys, aggregation: distribution([1]) })
  stats.registerView({ name: 'requests', measure: time, tagKeys, aggregation: count() })
  for (const route of ['/', '/a']) stats.record(time, 1, { route })
  return stats
}

test('if a view is unregistered, those of the same measure count once', () => {
  const group = merged()
  const stats = threeViews()
  const member = new Member(group, 0, stats)
  member.send()
  stats.viewManager.unregisterView('latency')
  member.send()
  expect(total(group)).toEqual(['requests_total{route="/"} 1', 'requests_total{route="/a"} 1'])
})

test('if rows of a view are removed, its other rows count once, also those that another member has', () => {
  const group = merged()
  const [one, other] = [threeViews(), threeViews()]
  const members = [one, other].map((stats, slot) => new Member(group, slot, stats))
  for (const member of members) member.send()
  one.viewManager.removeRows('requests', { route: '/a' })
  members[0]!.send()
  expect(total(group)).toEqual(['requests_total{route="/"} 2', 'requests_total{route="/a"} 2'])
  other.viewManager.removeRows('requests', { route: '/a' })
  members[1]!.send()
  expect(total(group)).toEqual(['requests_total{route="/"} 2'])
})

test('rows of a producer whose sources are other objects each time count once', () => {
  const group = merged()
  const stats = threeViews()
  const getFamilies = (): RowSource[] => stats.getFamilies().map((source) => new ForwardingSource(source as RowSource))
  const member = new Member(group, 0, { getMetrics: () => [], getFamilies })
  new Member(group, 1, threeViews()).send()
  for (let time = 0; time < 3; time++) member.send()
  expect(total(group)).toEqual(['requests_total{route="/"} 2', 'requests_total{route="/a"} 2'])
})

test('rows of a member whose connection ends again while it sends them count once', () => {
  const group = merged()
  const members = [0, 1].map((slot) => new Member(group, slot, threeViews()))
  for (const member of members) member.send()
  for (let frames = 0; frames < 8; frames++) {
    members[0]!.reader.restart()
    members[0]!.send(frames)
    expect(total(group)).toEqual(['requests_total{route="/"} 2', 'requests_total{route="/a"} 2'])
  }
  members[0]!.reader.restart()
  members[0]!.send()
  expect(total(group)).toEqual(['requests_total{route="/"} 2', 'requests_total{route="/a"} 2'])
})

const depths = (merge: 'sum' | 'latest', rowLimit = 10) => {
  const registry = new MetricRegistry({ clock })
  return { registry, depth: registry.gauge('depth', { labelKeys: ['queue'], merge, rowLimit }) }
}

test('a gauge with the rule latest that is sent again unchanged is not newer', () => {
  const group = merged()
  const all = [depths('latest'), depths('latest')]
  const members = all.map(({ registry }, slot) => new Member(group, slot, registry))
  for (const [slot, { depth }] of all.entries()) {
    depth.set(slot, { queue: 'a' })
    members[slot]!.send()
    clock.advance(2_000)
  }
  members[0]!.send() // sends again what was set in the epoch of the first reading
  expect(shown(group, 'depth')).toEqual(['depth{queue="a"} 1'])
  members[0]!.reader.restart()
  members[0]!.send()
  expect(shown(group, 'depth')).toEqual(['depth{queue="a"} 1'])
})

test('the overflow row of gauges stays while a member has one', () => {
  const group = merged()
  const all = [depths('sum', 1), depths('sum', 1)]
  const members = all.map(({ registry, depth }, slot) => {
    for (const queue of [`a${slot}`, 'b']) depth.set(slot + 1, { queue })
    return new Member(group, slot, registry)
  })
  for (const member of members) member.send()
  members[0]!.contributor.depart()
  expect([shown(group, 'depth'), group.rowCount]).toEqual([['depth{tallyscope_overflow="true"} 4'], 0])
  all[1]!.depth.remove({ queue: 'a1' })
  members[1]!.send()
  all[1]!.depth.set(7, { queue: 'c' })
  members[1]!.send()
  expect(shown(group, 'depth')).toEqual(['depth{queue="c"} 7', 'depth{tallyscope_overflow="true"} 2'])
})

test('the overflow row keeps its total if a member ends while it sends its rows again', () => {
  const group = new MergedFamilies({ clock, limits: { ...DEFAULT_DATA_LIMITS, mergedRows: 1 } })
  const registry = new MetricRegistry({ clock })
  const requests = registry.counter('requests', { labelKeys: ['route'] })
  for (let route = 0; route < 300; route++) requests.inc(1, { route: `${route}` })
  const member = new Member(group, 0, registry)
  member.send()
  const before = ['requests_total{route="0"} 1', 'requests_total{tallyscope_overflow="true"} 299']
  expect(total(group)).toEqual(before)
  member.reader.restart()
  member.send(3) // the first 256 rows
  expect(total(group)).toEqual(before)
  member.contributor.depart()
  expect(total(group)).toEqual(before)
})

/** Counters `requests` with these labels, from a producer without row sources. */
const snapshots = (value: () => number, queues: (string | undefined)[], startTimeUnixMs = 0): MetricProducer => ({
  getMetrics: (): Metric[] => [
    {
      descriptor: { name: 'requests', description: '', unit: '1', type: 'CUMULATIVE_DOUBLE', labelKeys: ['queue'] },
      timeSeries: queues.map((queue) => ({ labelValues: [queue], startTimeUnixMs, points: [{ timeUnixMs: 0, value: value() }] })),
    },
  ],
})

test('of rows of a member whose labels become equal, the last one continues', () => {
  let value = 1
  for (const [queues, page] of [
    [['', undefined], ['requests_total 5']],
    [['\ud800', '\ud801'], ['requests_total{queue="\ufffd"} 6']],
  ] as const) {
    const group = merged()
    const member = new Member(
      group,
      0,
      snapshots(() => value, [...queues]),
    )
    for (value of [1, 5]) member.send()
    expect(total(group)).toEqual(page)
    member.contributor.depart()
    expect(total(group)).toEqual(page)
  }
})

test('the start time of a row is the earliest that is known, in copies too, whatever the order', () => {
  const times = [5_000, Number.NaN, 3_000, 4_000]
  for (const order of [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [2, 3, 0, 1],
  ]) {
    const group = merged()
    const copy = merged()
    const feed = new Member(copy, 0, group)
    for (const slot of order) {
      const member = new Member(
        group,
        slot,
        snapshots(() => 1, ['a'], times[slot]),
      )
      member.send()
      feed.send()
    }
    expect(shown(group, 'created')).toEqual(['requests_created{queue="a"} 3'])
    expect(shown(copy, 'requests')).toEqual(shown(group, 'requests'))
  }
})

test('the start time of the overflow row is that of the member', () => {
  const registry = new MetricRegistry({ clock })
  const requests = registry.counter('requests', { labelKeys: ['queue'], rowLimit: 1 })
  for (const queue of ['a', 'b']) requests.inc({ queue })
  const startedAt = clock.unixMs() / 1_000
  clock.advance(10_000)
  const group = merged()
  new Member(group, 0, registry).send()
  const created = ['{queue="a"}', '{tallyscope_overflow="true"}'].map((labels) => `requests_created${labels} ${startedAt}`)
  expect(shown(group, 'requests_created')).toEqual(created)
})
