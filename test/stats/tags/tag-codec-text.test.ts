import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { decodeTagEntriesText, decodeTagsText, encodeTagEntriesText, encodeTagsText } from '../../../src/stats/tags/tag-codec-text.js'
import { NO_PROPAGATION, TagMap } from '../../../src/stats/tags/tag-map.js'
import type { TagEntry } from '../../../src/stats/tags/tag-propagation.js'

const ascii = (minLength: number) => fc.string({ unit: 'grapheme-ascii', minLength, maxLength: 255 })
const tagsOf = (entries: Iterable<TagEntry>) => Array.from(entries, ({ key, value }) => [key, value])
const entriesOf = (tags: [string, string][]) => tags.map(([key, value]) => ({ key, value }))

test('written tags are read back, including commas, equals and percent signs', () => {
  const tags = fc.uniqueArray(fc.record({ key: ascii(1), value: ascii(0) }), { selector: ({ key }) => key, maxLength: 15 })
  fc.assert(
    fc.property(tags, (entries) => {
      expect(tagsOf(decodeTagEntriesText(encodeTagEntriesText(entries)!)!)).toEqual(tagsOf(entries))
    }),
  )
})

test('only characters that would break the list are escaped', () => {
  expect(
    encodeTagEntriesText(
      entriesOf([
        ['a b', 'x/y:"z"'],
        ['c', '1,2=3%'],
      ]),
    ),
  ).toBe('a b=x/y:"z",c=1%2C2%3D3%25')
})

test('an unknown escape is literal', () => {
  expect(tagsOf(decodeTagEntriesText('k=a%20b,l=100%')!)).toEqual([
    ['k', 'a%20b'],
    ['l', '100%'],
  ])
})

test('no string makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeTagEntriesText(text) ?? []).toBeInstanceOf(Array)
    }),
  )
})

test('a map with an item without exactly one equals sign is refused as a whole', () => {
  for (const text of ['k', 'k1=v1,', ',k=v', 'k=v=w', '=v', 'k=v,\u00e9=1', 'k=\u0001'])
    expect(decodeTagEntriesText(text), text).toBeUndefined()
})

test('180 tags are sent and read, 181 are refused', () => {
  const tags = (count: number) => entriesOf(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']))
  const text = encodeTagEntriesText(tags(180))!
  expect(decodeTagEntriesText(text)).toHaveLength(180)
  expect(encodeTagEntriesText(tags(181))).toBeUndefined()
  expect(decodeTagEntriesText(`${text},more=1`)).toBeUndefined()
})

test('a tag map is sent without its local tags', () => {
  const tags = TagMap.of({ method: 'GET', user: 'me' }, { ttl: { user: NO_PROPAGATION } })
  expect(encodeTagsText(tags)).toBe('method=GET')
  expect([...decodeTagsText('method=GET,empty=,method=PUT')!]).toEqual([['method', 'PUT']])
})

test('what is no text, such as a header that is repeated, is refused', () => {
  for (const given of [undefined, null, 5, ['a=x', 'b=y'], {}]) expect(decodeTagsText(given as never)).toBeUndefined()
})
