import { setTimeout as later } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { currentTags, withTags } from '../../../src/stats/tags/current-tags.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'

const of = (a: string) => TagMap.of({ a })

test('without a scope there are no tags', () => expect(currentTags()).toBe(TagMap.EMPTY))

test('tags are current within a call and what it awaits, and no longer after it', async () => {
  const tags = of('x')
  const seen = await withTags(tags, async () => {
    const first = currentTags()
    await later(0)
    const second = currentTags()
    await Promise.all([1, 2].map(async () => later(0)))
    return [first, second, currentTags()]
  })
  expect(seen).toEqual([tags, tags, tags])
  expect(currentTags()).toBe(TagMap.EMPTY)
})

test('inner tags replace outer ones, which come back', () => {
  const [outer, inner] = [of('outer'), of('inner')]
  withTags(outer, () => {
    withTags(inner, () => expect(currentTags()).toBe(inner))
    expect(currentTags()).toBe(outer)
    withTags(outer, () => expect(currentTags()).toBe(outer))
    withTags(currentTags().with({ b: 1 }), () =>
      expect([...currentTags()]).toEqual([
        ['a', 'outer'],
        ['b', '1'],
      ]),
    ) // prettier-ignore
  })
})

test('a throw or rejection leaves the tags as they were', async () => {
  await withTags(of('outer'), async () => {
    expect(() =>
      withTags(of('inner'), () => {
        throw new Error('no')
      }),
    ).toThrow('no') // prettier-ignore
    expect(currentTags().get('a')).toBe('outer')
    await expect(
      withTags(of('inner'), async () => {
        await later(0)
        throw new Error('no')
      }),
    ).rejects.toThrow('no') // prettier-ignore
    expect(currentTags().get('a')).toBe('outer')
  })
})

test('scopes that run side by side do not mix', async () => {
  const run = (a: string) =>
    withTags(of(a), async () => {
      for (let n = 0; n < 5; n++) await later(0)
      return currentTags().get('a')
    }) // prettier-ignore
  const names = Array.from({ length: 20 }, (_, n) => `t${n}`)
  expect(await Promise.all(names.map(run))).toEqual(names)
})
