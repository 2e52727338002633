import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import {
  decodeTagEntriesBinary,
  decodeTagsBinary,
  encodeTagEntriesBinary,
  encodeTagsBinary,
} from '../../../src/stats/tags/tag-codec-binary.js'
import { NO_PROPAGATION, TagMap, UNLIMITED_PROPAGATION } from '../../../src/stats/tags/tag-map.js'
import type { TagEntry } from '../../../src/stats/tags/tag-propagation.js'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const ascii = (minLength: number) => fc.string({ unit: 'grapheme-ascii', minLength, maxLength: 255 })
const tagsOf = (entries: Iterable<TagEntry>) => Array.from(entries, ({ key, value }) => [key, value])

test('written tags are read back, including two-byte lengths', () => {
  const tags = fc.uniqueArray(fc.record({ key: ascii(1), value: ascii(0) }), { selector: ({ key }) => key, maxLength: 15 })
  fc.assert(
    fc.property(tags, (entries) => {
      expect(tagsOf(decodeTagEntriesBinary(encodeTagEntriesBinary(entries)!)!)).toEqual(tagsOf(entries))
    }),
  )
})

test('no bytes make the reader throw, and it returns legal tags or none', () => {
  const strange = fc.uint8Array({ maxLength: 64 }).map((tail) => Uint8Array.from([0, ...tail]))
  fc.assert(
    fc.property(strange, (wire) => {
      for (const { key, value } of decodeTagEntriesBinary(wire) ?? []) expect(`${key}${value}`).toMatch(/^[ -~]+$/)
    }),
  )
})

test('a local tag is not written', () => {
  const tags: TagEntry[] = [
    { key: 'here', value: 'x', ttl: NO_PROPAGATION },
    { key: 'k1', value: 'v1', ttl: UNLIMITED_PROPAGATION },
  ]
  expect(encodeTagEntriesBinary(tags)).toEqual(Uint8Array.from(bytes('0000026b31027631')))
})

test('a value that is not printable ASCII is left out, the others are written', () => {
  const tags = ['é', 'a\n', '\u{1f600}', 'plain', 'x'.repeat(256)].map((value, at) => ({ key: `k${at}`, value }))
  expect(tagsOf(decodeTagEntriesBinary(encodeTagEntriesBinary(tags)!)!)).toEqual([['k3', 'plain']])
})

test('more than 8 192 characters are neither sent nor accepted', () => {
  const tag = (at: number, length: number) => ({ key: `k${String(at).padStart(3, '0')}`, value: 'v'.repeat(length) })
  const fitting = Array.from({ length: 32 }, (_, at) => tag(at, 252))
  expect(encodeTagEntriesBinary(fitting)).toHaveLength(1 + 32 * (1 + 1 + 4 + 2 + 252))
  expect(encodeTagEntriesBinary([...fitting, tag(32, 0)])).toBeUndefined()
  const twice = encodeTagEntriesBinary(fitting)!
  expect(decodeTagEntriesBinary(Uint8Array.from([...twice, ...twice.subarray(1)]))).toBeUndefined()
})

test('a map with an endless length, or one past the end, is refused as a whole', () => {
  for (const hex of ['0000ffffffffffffffffff', '000003616200', '00000161', '0000016101', '01', '0000000176']) {
    expect(decodeTagEntriesBinary(bytes(hex)), hex).toBeUndefined()
  }
})

test('empty input is an empty tag map', () => {
  expect(decodeTagEntriesBinary(new Uint8Array(0))).toEqual([])
})

test('filters apply to reading as to writing', () => {
  const filters = [{ action: 'include', operator: 'hasPrefix', value: 'org.' }] as const
  const tags = [
    { key: 'org.a', value: '1' },
    { key: 'b', value: '2' },
  ]
  const only = [['org.a', '1']]
  expect(tagsOf(decodeTagEntriesBinary(encodeTagEntriesBinary(tags, { filters })!)!)).toEqual(only)
  expect(tagsOf(decodeTagEntriesBinary(encodeTagEntriesBinary(tags)!, { filters })!)).toEqual(only)
})

test('a tag map is sent without its local tags', () => {
  const tags = TagMap.of({ method: 'GET', user: 'me', emoji: '\u{1f600}', status: 200 }, { ttl: { user: NO_PROPAGATION } })
  expect([...decodeTagsBinary(encodeTagsBinary(tags)!)!]).toEqual([
    ['method', 'GET'],
    ['status', '200'],
  ])
})

test('what is no bytes is refused', () => {
  for (const given of [undefined, null, 5, '', 'text', [0], {}]) expect(decodeTagsBinary(given as never)).toBeUndefined()
})
