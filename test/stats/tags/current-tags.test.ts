import { setTimeout as later } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { currentTags, withOnlyTags, withTags } from '../../../src/stats/tags/current-tags.js'
import { NO_PROPAGATION, TagMap } from '../../../src/stats/tags/tag-map.js'

const of = (a: string) => TagMap.of({ a })

test('without a scope there are no tags', () => expect(currentTags()).toBe(TagMap.EMPTY))

test('tags are current within a call and its awaits, and not after it', async () => {
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

test('inner tags are added to outer tags, take precedence, and end with their scope', () => {
  withTags({ a: 'outer', b: 1 }, () => {
    withTags(of('inner'), () => expect({ ...currentTags().record }).toEqual({ a: 'inner', b: '1' }))
    withTags({ a: undefined, c: 2 }, () => expect({ ...currentTags().record }).toEqual({ b: '1', c: '2' }))
    expect({ ...currentTags().record }).toEqual({ a: 'outer', b: '1' })
  })
})

test('a tag map becomes current itself if there are no outer tags', () => {
  const tags = of('x')
  withTags(tags, () => withTags(tags, () => expect(currentTags()).toBe(tags)))
})

test('withOnlyTags hides the outer tags', () => {
  withTags({ a: 'outer', b: 1 }, () => {
    withOnlyTags({ a: 'inner' }, () => expect({ ...currentTags().record }).toEqual({ a: 'inner' }))
    expect(currentTags().get('b')).toBe('1')
  })
})

test('added tags keep the propagation of their map', () => {
  const secret = TagMap.of({ s: 'x' }, { ttl: { s: NO_PROPAGATION } })
  withTags({ a: 1 }, () =>
    withTags(secret, () =>
      withTags({ b: 2 }, () => {
        expect(['a', 's', 'b'].map((key) => currentTags().ttl(key))).toEqual([-1, NO_PROPAGATION, -1])
      }),
    ),
  )
})

test('a throw or rejection restores the tags', async () => {
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

test('concurrent scopes are separate', async () => {
  const run = (a: string) =>
    withTags(of(a), async () => {
      for (let n = 0; n < 5; n++) await later(0)
      return currentTags().get('a')
    }) // prettier-ignore
  const names = Array.from({ length: 20 }, (_, n) => `t${n}`)
  expect(await Promise.all(names.map(run))).toEqual(names)
})
