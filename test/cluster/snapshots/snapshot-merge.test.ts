import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Contributor } from '../../../src/cluster/data/contributor.js'
import { groupData } from '../../../src/cluster/engine-data.js'
import { readGroupLimits } from '../../../src/cluster/group-limits.js'
import type { MergedData } from '../../../src/cluster/group-data.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import { snapshotsOf } from '../../../src/metrics/data/snapshot.js'
import { count, distribution, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const clock = new ManualClock()
const data = groupData({ limits: readGroupLimits(), perMember: ['each*'], clock })

function engine(bounds: readonly number[] = [1, 10]): Stats {
  const stats = new Stats({ clock })
  const measure = stats.measure('m', { unit: '1' })
  const views = { hits: count(), total: sum(), spread: distribution(bounds), gauge: lastValue(), each: lastValue() }
  for (const [name, aggregation] of Object.entries(views)) stats.registerView({ name, measure, tagKeys: ['k'], aggregation })
  return stats
}

const record = (stats: Stats, value: number, k: string): void => stats.record(stats.getMeasure('m')!, value, { k })
const pageOf = (rows: { families(): ReturnType<MergedData['families']> }): string => formatText(snapshotsOf(rows.families(), 0))
const lineOf = (page: string, name: string): string[] => page.split('\n').filter((line) => line.startsWith(name))

class TestMember {
  readonly stats: Stats
  readonly reader
  readonly contributor: Contributor

  constructor(merged: MergedData, id: string, slot: number, stats: Stats = engine()) {
    this.stats = stats
    this.reader = data.changes([stats])
    this.contributor = merged.contributor(id, slot)
  }

  send(times = 1): void {
    for (const frame of this.reader.framesNow()) for (let at = 0; at < times; at++) this.contributor.apply(frame)
  }
}

test('the page of many members is that of one engine that recorded everything', () => {
  const records = fc.array(fc.record({ member: fc.nat(2), value: fc.nat(30), k: fc.constantFrom('a', 'b', 'c') }), { maxLength: 30 })
  fc.assert(
    fc.property(records, fc.array(fc.nat(2)), (all, sends) => {
      const merged = data.merged()
      const members = [0, 1, 2].map((slot) => new TestMember(merged, `m${slot}`, slot))
      const one = engine()
      for (const [at, { member, value, k }] of all.entries()) {
        record(members[member]!.stats, value, k)
        record(one, value, k)
        if (sends[at] !== undefined) members[sends[at]]!.send(2) // twice is harmless
      }
      for (const member of members) member.send()
      const totals = (page: string): string[] =>
        page
          .split('\n')
          .filter((line) => /^(hits|total|spread)/.test(line))
          .sort()
      expect(totals(pageOf(merged))).toEqual(totals(formatText(one.getMetrics())))
    }),
  )
})

test('no total falls under any order of records, sends, breaks, returns and ends', () => {
  const steps = fc.array(fc.tuple(fc.nat(2), fc.constantFrom('record', 'send', 'break', 'return', 'late', 'end')), { maxLength: 40 })
  fc.assert(
    fc.property(steps, (all) => {
      const merged = data.merged()
      let ids = 3
      const members = [0, 1, 2].map((slot) => new TestMember(merged, `m${slot}`, slot))
      let before = 0
      for (const [slot, step] of all) {
        const member = members[slot]!
        if (step === 'record') record(member.stats, 1, 'a')
        if (step === 'send') member.send()
        if (step === 'break') member.contributor.disconnect()
        if (step === 'late') member.contributor.setLate(true)
        if (step === 'return') {
          member.reader.restart()
          member.send()
        }
        if (step === 'end') {
          member.contributor.depart('lost')
          members[slot] = new TestMember(merged, `m${ids++}`, slot)
        }
        const hits = Number(/hits_total\{k="a"\} (\d+)/.exec(pageOf(merged))?.[1] ?? 0)
        expect(hits).toBeGreaterThanOrEqual(before)
        before = hits
      }
    }),
  )
})

test('gauges are those of live members, and may be kept apart', () => {
  const merged = data.merged()
  const [one, two] = [new TestMember(merged, 'm0', 0), new TestMember(merged, 'm1', 1)]
  record(one.stats, 3, 'a')
  record(two.stats, 4, 'a')
  for (const member of [one, two]) member.send()
  expect(lineOf(pageOf(merged), 'gauge{')).toEqual(['gauge{k="a"} 7'])
  expect(lineOf(pageOf(merged), 'each{')).toEqual(['each{k="a",member="0"} 3', 'each{k="a",member="1"} 4'])
  two.contributor.disconnect()
  expect(lineOf(pageOf(merged), 'gauge{')).toEqual(['gauge{k="a"} 3'])
  expect(lineOf(pageOf(merged), 'hits')).toEqual(['hits_total{k="a"} 2'])
})

test('members that define one name differently: the first definition stays until its members are gone', () => {
  const merged = data.merged()
  const [old, next] = [new TestMember(merged, 'm0', 0), new TestMember(merged, 'm1', 1, engine([5]))]
  record(old.stats, 3, 'a')
  record(next.stats, 3, 'a')
  for (const member of [old, next]) member.send()
  expect(lineOf(pageOf(merged), 'spread_bucket')).toEqual([
    'spread_bucket{k="a",le="1"} 0',
    'spread_bucket{k="a",le="10"} 1',
    'spread_bucket{k="a",le="+Inf"} 1',
  ])
})

test('a row that its member removes goes, and nothing is sent if nothing has changed', () => {
  const merged = data.merged()
  const member = new TestMember(merged, 'm0', 0)
  record(member.stats, 1, 'a')
  record(member.stats, 1, 'b')
  member.send()
  member.send()
  expect([...member.reader.framesNow()]).toEqual([])
  member.stats.reset()
  record(member.stats, 1, 'b')
  member.send()
  expect(lineOf(pageOf(merged), 'hits')).toEqual(['hits_total{k="b"} 1'])
})
