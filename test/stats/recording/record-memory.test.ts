import { expect, test } from 'vitest'
import { count, distribution, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { figure } from '../../faults/amount.js'
import { engine } from '../engine.js'

function heapBytes(): number {
  global.gc!()
  global.gc!()
  return process.memoryUsage().heapUsed
}

test('a million distinct values of one tag make one row more than the limit, with exact totals and less than 5 MB', () => {
  const { stats } = engine()
  const measure = stats.measure('m')
  const kinds = { c: count(), s: sum(), d: distribution([10, 500_000]), last: lastValue() }
  for (const [name, aggregation] of Object.entries(kinds)) stats.viewManager.registerView({ name, measure, aggregation, tagKeys: ['user'] })
  const before = heapBytes()
  let total = 0
  for (let n = 0; n < 1_000_000; n++) {
    stats.record(measure, n, { user: `user number ${n} of many` })
    total += n
  }
  expect(heapBytes() - before).toBeLessThan(5e6)
  const values = (name: string) =>
    stats.viewManager.getView(name)!.rows.map(({ data }) => (data.kind === 'distribution' ? data.sum : (data as { value: number }).value))
  const add = (all: number[]) => all.reduce((one, other) => one + other, 0)
  expect(['c', 's', 'd'].map((name) => [values(name).length, add(values(name))])).toEqual([
    [2_001, 1_000_000],
    [2_001, total],
    [2_001, total],
  ]) // prettier-ignore
})

test('2,000 tags that are parts of strings of 1 MB retain less than 10 MB', () => {
  const { stats } = engine({ limits: { rowsPerView: 3_000 } })
  const measure = stats.measure('m')
  stats.viewManager.registerView({ name: 'v', measure, aggregation: count(), tagKeys: ['a'] })
  const part = (n: number) => Buffer.alloc(1_000_000, `request ${n} `).toString('latin1').slice(100, 130) + `${n}`.slice(0, 0)
  const before = heapBytes()
  const kept: unknown[] = []
  for (let n = 0; n < 500; n++) stats.record(measure, 1, { a: part(n) })
  for (let n = 500; n < 1_000; n++) kept.push(TagMap.of({ a: part(n) }))
  for (let n = 1_000; n < 1_500; n++) kept.push(stats.bind(measure, { a: part(n) }))
  for (let n = 1_500; n < 2_000; n++) stats.record(measure, 1, { a: 'x' }, { trace_id: part(n) })
  for (const [n, one] of kept.entries()) if (n < 500) stats.record(measure, 1, one as TagMap)
  const grownBytes = heapBytes() - before
  expect(grownBytes).toBeLessThan(10e6)
  figure('hostile strings', `2,000 tags cut from texts of 1 MB: heap +${(grownBytes / 1e6).toFixed(1)} MB`)
})

test('once warm, recording allocates nothing', () => {
  const { stats } = engine()
  const measure = stats.measure('m')
  const kinds = { c: count(), s: sum(), d: distribution([0.01, 0.1, 1, 10]), last: lastValue() }
  for (const [name, aggregation] of Object.entries(kinds)) {
    stats.viewManager.registerView({ name, measure, aggregation, tagKeys: ['a', 'b'] })
    stats.viewManager.registerView({ name: `${name}/alone`, measure: stats.measure(name), aggregation, tagKeys: ['a', 'b'] })
  }
  const measures = [measure, ...Object.keys(kinds).map((name) => stats.measure(name)), stats.measure('unwatched')]
  const plain = { a: 'GET', b: 200 }
  const map = TagMap.of(plain)
  const bound = measures.map((one) => stats.bind(one, plain))
  // Small whole numbers: a fraction handed through a call may be put on the heap by the engine that runs this, not by us.
  const ways: Record<string, (value: number) => void> = {
    'a plain object': (value) => {
      for (const one of measures) stats.record(one, value, plain)
    },
    'a tag map': (value) => {
      for (const one of measures) stats.record(one, value, map)
    },
    'a bound handle': (value) => {
      for (const one of bound) one.record(value)
    },
    'no tags': (value) => {
      for (const one of measures) stats.record(one, value)
    },
  } // prettier-ignore
  const untagged = stats.measure('untagged', { view: count() })
  ways['null instead of tags, while no view has tag keys'] = (value) => stats.record(untagged, value, null as never)
  const bytesPerRecord: Record<string, number> = {}
  for (const [way, record] of Object.entries(ways)) {
    for (let n = 0; n < 200_000; n++) record(n & 1023)
    const least = Math.min(
      ...Array.from({ length: 5 }, () => {
        const before = process.memoryUsage().heapUsed
        for (let n = 0; n < 20_000; n++) record(n & 1023)
        return process.memoryUsage().heapUsed - before
      }),
    )
    bytesPerRecord[way] = Math.round(least / 20_000 / measures.length)
  }
  expect(bytesPerRecord).toEqual(Object.fromEntries(Object.keys(ways).map((way) => [way, 0])))
})
