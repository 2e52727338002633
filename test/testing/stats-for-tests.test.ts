import { afterEach, expect, test } from 'vitest'
import { count, distribution, Stats, stats, withTags } from '../../src/index.js'
import { dataOf, ManualClock, resetStats, useClock, valueOf } from '../../src/testing/index.js'

afterEach(() => resetStats())

const calls = stats.measure('testing/calls', { tagKeys: ['op', 'user'] })
const view = stats.registerView({ name: 'testing/calls', measure: calls, tagKeys: ['op', 'user'], aggregation: count() })

test('valueOf returns the value of a row by the handle or the name of its view', () => {
  stats.record(calls, 1, { op: 'get', user: 7 })
  stats.record(calls, 1, { op: 'get', user: undefined })
  expect([valueOf(view, { op: 'get', user: 7 }), valueOf('testing/calls', { op: 'get' }), valueOf(view, { op: 'put' })]).toEqual([1, 1, 0])
})

test('valueOf finds the row of a tag that was cut, in each form in which it can be recorded', () => {
  const engine = new Stats({ limits: { tagValueLength: 3 } })
  const measure = engine.measure('m')
  const cut = engine.registerView({ name: 'cut', measure, tagKeys: ['a'], contextTags: ['c'], aggregation: count() })
  const tags = ['abcd', 'abce', 12345, 'x\ud800', 'ab', true]
  for (const a of tags) withTags({ c: 'tenant' }, () => engine.record(measure, 1, { a }))
  expect(tags.map((a) => valueOf(cut, { a, c: 'tenant' }))).toEqual([2, 2, 1, 1, 1, 1])
  expect([valueOf('cut', { a: 'abc', c: 'ten' }, engine), valueOf(cut, { a: 'abx', c: 'tenant' }), valueOf(cut, { a: 'ab' })]).toEqual([
    2, 0, 0,
  ])
})

test('valueOf of a distribution is its count, dataOf returns all its data', () => {
  const engine = new Stats()
  const size = engine.measure('size', { unit: 'By', view: distribution([10]) })
  engine.record(size, 4)
  expect([valueOf('size', {}, engine), dataOf('size', {}, engine)]).toEqual([1, expect.objectContaining({ sum: 4, bucketCounts: [1, 0] })])
})

test('valueOf throws if there is no such view, so that a typo does not read as 0', () => {
  expect(() => valueOf('testing/cals')).toThrow('there is no view "testing/cals"')
})

test('valueOf and dataOf throw if the view has no such tag key', () => {
  const message = 'view testing/calls has no tag key "opp" (its keys are op, user)'
  expect(() => valueOf('testing/calls', { opp: 'get' })).toThrow(message)
  expect(() => dataOf(view, { opp: 'get' })).toThrow(message)
})

test('valueOf of a view that waits for its measure is 0', () => {
  const waiting = stats.registerView({ name: 'testing/waiting', measure: 'testing/undefined', tagKeys: ['op'], aggregation: count() })
  expect(valueOf(waiting)).toBe(0)
  expect(valueOf(waiting, { op: 'get' })).toBe(0)
  expect(() => valueOf('testing/waiting')).toThrow('there is no view "testing/waiting", or its measure is not defined yet')
})

test('resetStats removes rows and keeps measures and views', () => {
  stats.record(calls, 1, { op: 'get', user: 'a' })
  resetStats()
  expect(view.rows).toEqual([])
  stats.record(calls, 1, { op: 'get', user: 'a' })
  expect(valueOf(view, { op: 'get', user: 'a' })).toBe(1)
})

test('useClock sets the timers of the shared engine until it is restored', () => {
  const latency = stats.measure('testing/latency', { unit: 'ms' })
  const clock = new ManualClock()
  const restore = useClock(clock)
  const timer = stats.startTimer(latency)
  clock.advance(500)
  expect(timer.stop()).toBe(500)
  restore()
  expect(stats.startTimer(latency).stop()).toBeLessThan(500)
})
