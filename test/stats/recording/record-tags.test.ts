import { beforeEach, describe, expect, test, vi } from 'vitest'
import { count } from '../../../src/stats/views/aggregation.js'
import { withTags } from '../../../src/stats/tags/current-tags.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import { Stats } from '../../../src/stats/stats.js'
import { TagMap, type Tags } from '../../../src/stats/tags/tag-map.js'

vi.resetModules()
const copy = await import('../../../src/stats/tags/tag-map.js')

let stats: Stats
let measure: Measure
beforeEach(() => {
  stats = new Stats()
  measure = stats.measure('m')
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['route', 'size'], aggregation: count() })
})

/** The count of each row, by its tags. */
function counts(): Record<string, number> {
  const { rows } = stats.viewManager.getView('v')!
  return Object.fromEntries(
    rows.map(({ tagValues, data }) => [`${tagValues['route'] ?? '-'} ${tagValues['size'] ?? '-'}`, (data as { value: number }).value]),
  )
}

const repeat = (record: () => void) => {
  for (let n = 0; n < 200; n++) record()
}

describe('a record without tags', () => {
  test('uses the current tags also after records outside of any scope', () => {
    repeat(() => stats.record(measure, 1))
    withTags(TagMap.of({ route: '/cart' }), () => repeat(() => stats.record(measure, 1)))
    repeat(() => stats.record(measure, 1))
    expect(counts()).toEqual({ '- -': 400, '/cart -': 200 })
  })

  test('uses the current tags also after records with a reused tag map', () => {
    const tags = TagMap.of({ route: '/kept' })
    repeat(() => stats.record(measure, 1, tags))
    withTags(TagMap.of({ route: '/cart' }), () => repeat(() => stats.record(measure, 1)))
    expect(counts()).toEqual({ '/kept -': 200, '/cart -': 200 })
  })

  test('uses the current tags once a view with tag keys is registered', () => {
    const other = stats.measure('other')
    stats.viewManager.registerView({ name: 'all', measure: other, aggregation: count() })
    const record = () => withTags(TagMap.of({ route: '/cart' }), () => stats.record(other, 1))
    repeat(record)
    stats.viewManager.registerView({ name: 'by route', measure: other, tagKeys: ['route'], aggregation: count() })
    repeat(record)
    expect(stats.viewManager.getView('by route')!.rows.map(({ tagValues }) => tagValues['route'])).toEqual(['/cart'])
    expect(stats.viewManager.getView('all')!.rows.map(({ data }) => data)).toEqual([{ kind: 'count', value: 400 }])
  })
})

test('the tags of a class instance and of its prototypes are the same in every way to record', () => {
  const timed = stats.measure('timed', { unit: 'ms', tagKeys: ['route', 'size'] })
  stats.registerView({ name: 'timed', measure: timed, tagKeys: ['route', 'size'], aggregation: count() })
  class Request {
    get route() {
      return '/cart'
    }
    get unused(): object {
      return {}
    }
    method(): void {}
  }
  class SizedRequest extends Request {
    size = 7
  }
  const inherited = Object.create(Object.create({ route: '/cart' }), { size: { value: 7, enumerable: true } })
  for (const tags of [new SizedRequest() as unknown as Tags, inherited]) {
    for (const target of [measure, timed]) {
      stats.record(target, 1, tags)
      stats.record(target, 1, TagMap.of(tags))
      stats.record(target, 1, TagMap.of({ size: 1 }).with(tags))
      stats.bind(target, tags).record(1)
      stats.statsRecorder.newMeasurementMap().put(target, 1).record(tags)
      withTags(tags, () => stats.record(target, 1))
    }
    stats.startTimer(timed, tags).stop()
    stats.startTimer(timed, tags).stop({})
    stats.startTimer(timed).stop(tags)
    stats.startTimer(timed, { size: 1 }).stop(tags)
    stats.startTimer(timed, TagMap.of({ size: 1 })).stop(tags)
  }
  expect([...TagMap.of(new SizedRequest() as unknown as Tags)]).toEqual([
    ['route', '/cart'],
    ['size', '7'],
  ])
  expect(counts()).toEqual({ '/cart 7': 12 })
  expect(stats.viewManager.getView('timed')!.rows.map(({ tagValues, data }) => [{ ...tagValues }, data])).toEqual([
    [
      { route: '/cart', size: '7' },
      { kind: 'count', value: 22 },
    ],
  ])
})

test('rows are removed by the tags of a class instance, and not all rows', () => {
  class Own {
    get route() {
      return '/a'
    }
  }
  for (const route of ['/a', '/b']) stats.record(measure, 1, { route })
  expect([stats.viewManager.removeRows('v', new Own() as unknown as Tags), counts()]).toEqual([1, { '/b -': 1 }])
})

test('a tag map of another copy of the package has its own rows, in every way to record', () => {
  const foreign = copy.TagMap.of({ route: '/foreign' }) as unknown as TagMap
  repeat(() => stats.record(measure, 1, {}))
  repeat(() => stats.record(measure, 1, foreign))
  withTags(foreign, () => repeat(() => stats.record(measure, 1)))
  repeat(() => stats.statsRecorder.newMeasurementMap().put(measure, 1).record(foreign))
  stats.bind(measure, foreign).record(1)
  stats.record(measure, Number.NaN, foreign)
  expect(counts()).toEqual({ '- -': 200, '/foreign -': 601 })
})

test('a tag named like a member of TagMap is read from the tags', () => {
  const [own, foreign] = [TagMap, copy.TagMap].map((map) => map.of({ size: 'L' }) as TagMap)
  repeat(() => stats.record(measure, 1, { size: 1 }))
  repeat(() => stats.record(measure, 1, own))
  repeat(() => stats.record(measure, 1, foreign))
  expect(counts()).toEqual({ '- 1': 200, '- L': 400 })
})

test('a new tag map and a reused one change the same row', () => {
  const kept = TagMap.of({ route: '/cart' })
  repeat(() => stats.record(measure, 1, kept))
  repeat(() => stats.record(measure, 1, TagMap.of({ route: '/cart' })))
  repeat(() => stats.record(measure, 1, TagMap.of({ size: 1 }).with({ route: '/cart', size: undefined })))
  expect(counts()).toEqual({ '/cart -': 600 })
})

test('a handle is created at the second use of a tag map with the same measure', () => {
  const tags = TagMap.of({ route: '/cart' })
  stats.record(measure, 1, tags)
  expect(tags.newestHandle).toBe(undefined)
  stats.record(measure, 1, tags)
  const handle = tags.newestHandle
  expect(handle).toMatchObject({ measure, older: undefined })
  stats.record(measure, 1, tags)
  expect(tags.newestHandle).toBe(handle)
})

test('a tag map keeps handles of at most 16 measures, and records right with more', () => {
  const tags = TagMap.of({ route: '/cart' })
  const measures = Array.from({ length: 40 }, (_, at) => {
    const each = stats.measure(`many/${at}`)
    stats.registerView({ name: `many/${at}`, measure: each, tagKeys: ['route'], aggregation: count() })
    return each
  })
  const kept = (): number => {
    let handles = 0
    for (let handle = tags.newestHandle as { older: object } | undefined; handle; handle = handle.older as typeof handle) handles++
    return handles
  }
  for (let turn = 1; turn <= 3; turn++) {
    for (const each of measures) {
      stats.record(each, 1, tags)
      expect(kept()).toBeLessThanOrEqual(16)
    }
  }
  expect(kept()).toBeGreaterThan(0)
  for (const { name } of measures)
    expect(stats.viewManager.getView(name)!.rows.map(({ data }) => data)).toEqual([{ kind: 'count', value: 3 }])
})

test('a getter that records another object or removes rows leads to no wrong row', () => {
  const inner = { route: '/inner' }
  let removes = false
  const outer = {
    get route() {
      stats.record(measure, 1, inner)
      if (removes) stats.viewManager.removeRows('v', { route: '/outer' })
      return '/outer'
    },
  }
  repeat(() => stats.record(measure, 1, outer))
  expect(counts()).toEqual({ '/inner -': 201, '/outer -': 200 }) // it is read once more when its row is made
  removes = true
  stats.record(measure, 1, outer)
  expect(counts()['/outer -']).toBe(1)
})
