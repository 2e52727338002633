import { expect, test } from 'vitest'
import { count, distribution, exponential, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import type { Aggregation } from '../../../src/stats/views/aggregation.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import type { Stats } from '../../../src/stats/stats.js'
import { engine, rowsOf } from '../engine.js'
import { noticingKeys } from './hostile-tags.js'

type Views = Readonly<Record<string, readonly [aggregation: Aggregation, ...tagKeys: string[]]>>

function engineWith(views: Views): { stats: Stats; measure: Measure; register: (name: string) => void } {
  const { stats } = engine()
  const measure = stats.measure('m') as Measure
  const register = (name: string): void => {
    const [aggregation, ...tagKeys] = views[name]!
    stats.registerView({ name, measure, aggregation, tagKeys })
  }
  return { stats, measure, register }
}

/** Tags whose property `key` calls `onRead` when it is read for the first time. */
function tagsWith(key: string, tags: Record<string, string>, onRead: () => void): Record<string, string> {
  let isRead = false
  const get = (): string => {
    if (!isRead) {
      isRead = true
      onRead()
    }
    return tags[key]!
  }
  return Object.defineProperty({ ...tags }, key, { get, enumerable: true })
}

const VIEWS: Views = {
  all: [count()],
  counted: [count(), 'a'],
  added: [sum(), 'a'],
  both: [sum(), 'a', 'b'],
  shown: [lastValue(), 'a', 'b'],
  sketched: [exponential(), 'b'],
}

test('a view that gets its own rows in a getter of the tags has the value, as have those that shared its rows', () => {
  for (const attachments of [undefined, { trace_id: 't' }]) {
    for (const others of [[], ['all'], ['both', 'shown']]) {
      const { stats, measure, register } = engineWith(VIEWS)
      for (const name of [...others, 'counted', 'added']) register(name)
      stats.record(measure, 2, { a: 'x', b: 'y' })
      const tags = tagsWith('a', { a: 'x', b: 'y' }, () => stats.viewManager.removeRows('counted', { a: 'x' }))
      stats.record(measure, 3, tags, attachments)
      expect([rowsOf(stats, 'counted'), rowsOf(stats, 'added')]).toEqual([['a=x: 1'], ['a=x: 5']])
      if (others.includes('all')) expect(rowsOf(stats, 'all')).toEqual([': 2'])
      if (others.includes('both')) expect(rowsOf(stats, 'both')).toEqual(['a=x b=y: 5'])
    }
  }
})

test('a view that gets its own rows after it has the value does not get it twice', () => {
  const { stats, measure, register } = engineWith(VIEWS)
  for (const name of ['counted', 'added', 'both']) register(name)
  stats.record(measure, 1, { a: 'other' })
  const tags = tagsWith('b', { a: 'x', b: 'y' }, () => stats.viewManager.removeRows('counted', { a: 'other' }))
  stats.record(measure, 3, tags)
  expect(['counted', 'added', 'both'].map((name) => rowsOf(stats, name))).toEqual([
    ['a=x: 1'],
    ['a=other: 1', 'a=x: 3'],
    ['a=other b=-: 1', 'a=x b=y: 3'],
  ])
})

test('a view that is registered in a getter of the tags has the value', () => {
  for (const [first, key] of [
    ['counted', 'a'],
    ['all', 'b'],
    ['both', 'b'],
  ] as const) {
    const { stats, measure, register } = engineWith(VIEWS)
    register('all')
    if (first !== 'all') register(first)
    register('sketched')
    stats.record(
      measure,
      3,
      tagsWith(key, { a: 'x', b: 'y' }, () => register('added')),
    )
    expect([first, rowsOf(stats, 'all'), rowsOf(stats, 'added')]).toEqual([first, [': 1'], ['a=x: 3']].flat(0))
  }
})

test('a view that is unregistered in a getter of the tags takes no value of the other views', () => {
  for (const gone of ['counted', 'sketched', 'both']) {
    const { stats, measure, register } = engineWith(VIEWS)
    for (const name of [gone, 'shown', 'all']) register(name)
    const tags = tagsWith(gone === 'sketched' ? 'b' : 'a', { a: 'x', b: 'y' }, () => stats.viewManager.unregisterView(gone))
    stats.record(measure, -1, tags)
    stats.record(measure, 3, tags)
    expect([gone, rowsOf(stats, 'shown'), rowsOf(stats, 'all')]).toEqual([gone, ['a=x b=y: 3'], [': 1']])
  }
})

test('a negative value goes to the views that take it, if another one is unregistered in a getter of the tags', () => {
  const { stats, measure, register } = engineWith(VIEWS)
  for (const name of ['both', 'shown']) register(name)
  stats.record(
    measure,
    -1,
    tagsWith('a', { a: 'x', b: 'y' }, () => stats.viewManager.unregisterView('both')),
  )
  expect(rowsOf(stats, 'shown')).toEqual(['a=x b=y: -1'])
})

test('a tag that cannot be read after a getter has changed the views is refused by the views with its key', () => {
  const { stats, measure, register } = engineWith(VIEWS)
  for (const name of ['counted', 'added', 'both']) register(name)
  stats.record(measure, 1, { a: 'x' })
  const tags = tagsWith('a', { a: 'x', b: 'y' }, () => stats.viewManager.removeRows('counted', { a: 'x' }))
  Object.defineProperty(tags, 'b', {
    get() {
      throw new Error('b cannot be read')
    },
  })
  stats.record(measure, 3, tags)
  expect(['counted', 'added', 'both'].map((name) => rowsOf(stats, name))).toEqual([['a=x: 1'], ['a=x: 4'], ['a=x b=-: 1']])
})

test('tags that record themselves when their keys are listed have one row, within the limit of rows', () => {
  const { stats } = engine()
  const measure = stats.measure('m') as Measure
  stats.registerView({ name: 'v', measure, aggregation: distribution([1]), tagKeys: ['a'], rowLimit: 2 })
  const recordWithin = (inner: string) => stats.record(measure, 2, { a: inner })
  stats.record(
    measure,
    2,
    noticingKeys({ a: 'x' }, () => recordWithin('x')),
  )
  expect(rowsOf(stats, 'v')).toEqual(['a=x: 2/4'])
  stats.record(
    measure,
    2,
    noticingKeys({ a: 'y' }, () => recordWithin('z')),
  )
  expect(rowsOf(stats, 'v')).toEqual(['a=x: 2/4', 'a=z: 1/2', '*: 1/2'])
})
