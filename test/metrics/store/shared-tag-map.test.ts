import { expect, test, vi } from 'vitest'
import { labelsOf, SharedTagMap } from '../../../src/metrics/store/shared-tag-map.js'
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
