import { describe, expect, test } from 'vitest'
import { NO_PROPAGATION, TagMap, UNLIMITED_PROPAGATION, type Tags } from '../../../src/stats/tags/tag-map.js'
import { selfValue } from '../../exporters/self-value.js'

const refused = (reason: string) => selfValue('tallyscope_refused_tags_total', reason)

/** What a map holds that was made of this. */
function check(tags: unknown, expected: [string, string][]): void {
  const map = TagMap.of(tags as Tags)
  expect([...map]).toEqual(expected)
  expect(map.size).toBe(expected.length)
  for (const [key, value] of expected) expect([map.get(key), map.has(key)]).toEqual([value, true])
}

describe('a tag map holds', () => {
  const own = (key: string) => Object.defineProperty({}, key, { value: 'x', enumerable: true })
  test.each<[string, unknown, [string, string][]]>([
    [
      'texts',
      { a: 'x', b: 'y' },
      [
        ['a', 'x'],
        ['b', 'y'],
      ],
    ],
    [
      'numbers and booleans as texts',
      { a: 1, b: false, c: -0, d: 2n },
      [
        ['a', '1'],
        ['b', 'false'],
        ['c', '0'],
        ['d', '2'],
      ],
    ],
    ['nothing that is not set', { a: '', b: undefined, c: null, d: NaN }, []],
    ['U+FFFD for lone surrogates', { a: '\ud800' }, [['a', '\ufffd']]],
    ['16 384 code points of a long text', { a: 'x'.repeat(20_000) }, [['a', 'x'.repeat(16_384)]]],
    ['names that every object inherits', own('__proto__'), [['__proto__', 'x']]],
    ['constructor', { constructor: 'x' }, [['constructor', 'x']]],
    ['nothing of what is no object', 'text', []],
    ['nothing of null', null, []],
    ['the tags of another map', TagMap.of({ a: 'x' }), [['a', 'x']]],
  ])('%s', (_what, tags, expected) => check(tags, expected)) // prettier-ignore
})

test('an illegal key is left out and counted', () => {
  const before = refused('key')
  check({ '': 'x', é: 'x', ['k'.repeat(256)]: 'x', 'a\nb': 'x', ok: 'x' }, [['ok', 'x']])
  expect(refused('key') - before).toBe(4)
})

test('a value that cannot be a string is left out and counted, without calling its methods', () => {
  const before = refused('value')
  const hostile = { toString: () => expect.fail('toString'), toJSON: () => expect.fail('toJSON') }
  check({ a: hostile, b: [], c: () => 1, d: Symbol('s'), e: new Date(0), f: 'x' }, [['f', 'x']])
  expect(refused('value') - before).toBe(5)
})

test('tags that throw are left out and counted', () => {
  const before = refused('unreadable')
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  check(
    {
      a: 'x',
      get b() {
        throw new Error('no')
      },
    },
    [],
  ) // prettier-ignore
  check(proxy, [])
  expect(refused('unreadable') - before).toBe(2)
})

test('a time to live that cannot be read leaves the tags out', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const before = refused('unreadable')
  expect([...TagMap.of({ a: 'x' }, proxy), ...TagMap.EMPTY.with({ a: 'x' }, proxy)]).toEqual([])
  expect(refused('unreadable') - before).toBe(2)
})

test('of the prototypes of tags 16 are read, since a proxy may have any number of them', () => {
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless })
  check(endless, [])
})

test('a tag map is immutable and independent of its input', () => {
  const mine: Record<string, string> = { a: 'x' }
  const map = TagMap.of(mine)
  mine['a'] = 'changed'
  mine['b'] = 'added'
  expect([...map]).toEqual([['a', 'x']])
  expect(() => Object.assign(map.record, { a: 'changed' })).toThrow(TypeError)
  expect(Object.isFrozen(map.record)).toBe(true)
})

test('with() adds, replaces and removes tags in a new map', () => {
  const map = TagMap.of({ a: 'x', b: 'y', c: 'z' })
  expect([...map.with({ b: 'new', c: undefined, d: 1 })]).toEqual([
    ['a', 'x'],
    ['b', 'new'],
    ['d', '1'],
  ]) // prettier-ignore
  expect([...map.with({ a: '' })]).toEqual([
    ['b', 'y'],
    ['c', 'z'],
  ]) // prettier-ignore
  expect([...map]).toEqual([
    ['a', 'x'],
    ['b', 'y'],
    ['c', 'z'],
  ]) // prettier-ignore
})

test('inherited properties are not tags', () => {
  const map = TagMap.of({})
  expect(['constructor', '__proto__', 'toString'].map((key) => [map.get(key), map.has(key), map.ttl(key)])).toEqual(
    Array(3).fill([undefined, false, undefined]),
  )
})

test('a tag is propagated by default, and a newer tag decides again', () => {
  const map = TagMap.of({ a: 'x', b: 'y' }, { ttl: { b: NO_PROPAGATION } })
  expect([map.ttl('a'), map.ttl('b'), map.ttl('c')]).toEqual([UNLIMITED_PROPAGATION, NO_PROPAGATION, undefined])
  expect(map.with({ c: 'z' }).ttl('b')).toBe(NO_PROPAGATION)
  for (const wrong of ['0', 1, null])
    expect([wrong, TagMap.of({ a: 'x' }, { ttl: { a: wrong as never } }).ttl('a')]).toEqual([wrong, NO_PROPAGATION])
  expect(map.with({ b: 'z' }).ttl('b')).toBe(UNLIMITED_PROPAGATION)
  expect(map.with({ b: undefined }).ttl('b')).toBe(undefined)
})

test('a tag map is serialised to JSON as its tags', () =>
  expect(JSON.stringify({ tags: TagMap.of({ a: 'x' }) })).toBe('{"tags":{"a":"x"}}'))

test('the empty map is empty', () => expect([...TagMap.EMPTY]).toEqual([]))
