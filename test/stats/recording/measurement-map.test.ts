import { expect, test } from 'vitest'
import { distribution, sum } from '../../../src/stats/views/aggregation.js'
import { withTags } from '../../../src/stats/tags/current-tags.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { engine, rowsOf } from '../engine.js'

function setUp() {
  const { stats } = engine()
  const [one, other, unwatched] = ['one', 'other', 'unwatched'].map((name) => stats.measure(name)) as [Measure, Measure, Measure]
  for (const measure of [one, other])
    stats.viewManager.registerView({ name: `${measure.name} sum`, measure, aggregation: sum(), tagKeys: ['a'] })
  return {
    stats,
    one,
    other,
    unwatched,
    map: stats.statsRecorder.newMeasurementMap(),
    rows: () => [rowsOf(stats, 'one sum'), rowsOf(stats, 'other sum')],
  }
}

test('a batch records all its values with the same tags', () => {
  const { map, one, other, rows } = setUp()
  map.put(one, 1).put(other, 2).record({ a: 'x' })
  expect(rows()).toEqual([['a=x: 1'], ['a=x: 2']])
})

test('the last value put for a measure counts', () => {
  const { map, one, rows } = setUp()
  map.put(one, 1).put(one, 5).record({ a: 'x' })
  expect(rows()[0]).toEqual(['a=x: 5'])
})

test('a batch may be recorded again, with other tags', () => {
  const { map, one, rows } = setUp()
  map.put(one, 1)
  map.record({ a: 'x' })
  map.record(TagMap.of({ a: 'x' }))
  map.record({ a: 'y' })
  expect(rows()[0]).toEqual(['a=x: 2', 'a=y: 1'])
})

test('a measure without a view, an invalid value or an invalid measure does not affect the others or the next batch', () => {
  const { map, one, other, unwatched, rows } = setUp()
  map
    .put(unwatched, 1)
    .put(one, -1)
    .put(undefined as unknown as Measure, 1)
    .put('m' as unknown as Measure, 1)
    .put(other, 2)
  map.record({ a: 'x' })
  map.put(one, 3).record({ a: 'x' })
  expect(rows()).toEqual([['a=x: 3'], ['a=x: 4']])
})

test('without tags the current ones are used', () => {
  const { map, one, rows } = setUp()
  withTags(TagMap.of({ a: 'ctx' }), () => map.put(one, 1).record())
  expect(rows()[0]).toEqual(['a=ctx: 1'])
})

test('attachments are recorded with each value, and kept for the next time', () => {
  const { stats, map, one } = setUp()
  stats.viewManager.registerView({ name: 'd', measure: one, aggregation: distribution([1]) })
  map.putAttachment('trace_id', 'a').putAttachment('trace_id', 'b').putAttachment('span_id', 's').put(one, 0.5).record()
  map.put(one, 2).record()
  const attachments = { trace_id: 'b', span_id: 's' }
  expect(stats.viewManager.getView('d')!.rows[0]!.data).toMatchObject({
    exemplars: [
      { value: 0.5, attachments },
      { value: 2, attachments },
    ], // prettier-ignore
  })
})

test('attachments that are not strings are ignored, without calling their methods', () => {
  const { stats, map, one } = setUp()
  stats.viewManager.registerView({ name: 'd', measure: one, aggregation: distribution([]) })
  const hostile = { toString: () => expect.fail('toString') } as unknown as string
  map
    .putAttachment(hostile, 'x')
    .putAttachment('x', hostile)
    .putAttachment('n', 5 as unknown as string)
    .putAttachment('a', 'b')
    .put(one, 1)
    .record()
  expect(stats.viewManager.getView('d')!.rows[0]!.data).toMatchObject({ exemplars: [{ attachments: { a: 'b' } }] })
})
