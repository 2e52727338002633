import { expect, test, vi } from 'vitest'
import { areOfTagMap, labelsOf, SharedTagMap } from '../../../src/metrics/labels/shared-tag-map.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'

test('the labels of a tag map are its tags, those of a plain object the object itself', () => {
  const object = { a: 'x' }
  expect(labelsOf(object)).toBe(object)
  expect({ ...labelsOf(TagMap.of(object) as never) }).toEqual(object)
})

test('a tag map of another copy of the package is recognized', async () => {
  vi.resetModules()
  const copy = await import('../../../src/stats/tags/tag-map.js')
  const map = copy.TagMap.of({ size: 'x' })
  expect([map instanceof TagMap, map instanceof SharedTagMap, { ...labelsOf(map as never) }]).toEqual([false, true, { size: 'x' }])
})

test('tags of a tag map of any copy are distinguished from an object of a caller, frozen or not', async () => {
  vi.resetModules()
  const copy = await import('../../../src/stats/tags/tag-map.js')
  const maps = [
    TagMap.EMPTY,
    TagMap.of({ a: 'x' }),
    TagMap.of({ a: 1 }),
    TagMap.of({ a: 'x' }).with({ b: 'y' }),
    copy.TagMap.of({ a: 'x' }),
  ]
  expect(maps.map(({ values }) => areOfTagMap(values))).toEqual(maps.map(() => true))
  expect([{ a: 'x' }, Object.freeze({ a: 'x' }), Object.create(null)].map(areOfTagMap)).toEqual([false, false, false])
})

test('tags that are named like properties of every object are tags, and nothing is inherited', () => {
  const tags = JSON.parse('{ "__proto__": "x", "constructor": "y" }')
  const map = TagMap.of({ a: 'z' }).with(tags)
  expect([...map]).toEqual([
    ['a', 'z'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
  expect([map.get('toString'), (map.values as { toString?: unknown }).toString]).toEqual([undefined, undefined])
})
