import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { addMembers, formatBaggage, parseBaggage, removeMembers, TagBaggage } from '../../../src/trace/propagation/baggage.js'

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}$/)

test('pairs with any string survive the header', () => {
  const pairs = fc.uniqueArray(fc.tuple(token, fc.string({ unit: 'binary', maxLength: 40 })), { maxLength: 10, selector: ([key]) => key })
  fc.assert(
    fc.property(pairs, (entries) => {
      expect(parseBaggage(formatBaggage(entries))).toEqual(entries)
    }),
  )
})

test('any string is parsed without a throw, and the result can be written', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab=,;% \t"\\é', '%41', '%E0', '=1,'), maxLength: 100 })
  fc.assert(
    fc.property(text, (header) => {
      const entries = parseBaggage(header)
      expect(parseBaggage(formatBaggage(entries))).toEqual(entries)
    }),
    { numRuns: 2_000 },
  )
})

test('the examples of the recommendation are parsed', () => {
  expect(parseBaggage('key1=value1,key2 = value2, key3=value3; property1; p=1')).toEqual([
    ['key1', 'value1'],
    ['key2', 'value2'],
    ['key3', 'value3'],
  ])
  expect(parseBaggage('userId=Am%C3%A9lie,serverNode=DF%2028,isProduction=false')).toEqual([
    ['userId', 'Amélie'],
    ['serverNode', 'DF 28'],
    ['isProduction', 'false'],
  ])
})

test('a malformed member is skipped, the others are kept', () => {
  expect(parseBaggage('a=1,=2,b,c d=3,e=%ZZ,f=%,g=1=2,,h=%E0%A4%A,i=')).toEqual([
    ['a', '1'],
    ['g', '1=2'],
    ['i', ''],
  ])
})

test('the last of two members with one key is used', () => {
  expect(parseBaggage('a=1,a=2')).toEqual([['a', '2']])
})

test('members beyond 180, 4 096 characters each or 8 192 in all are omitted', () => {
  const many = Array.from({ length: 200 }, (_, at) => `k${at}=1`)
  expect(parseBaggage(many.join(','))).toHaveLength(180)
  expect(formatBaggage(many.map((_, at) => [`k${at}`, '1'] as const)).split(',')).toHaveLength(180)
  expect(parseBaggage(`a=${'x'.repeat(4_095)},b=2`)).toEqual([['b', '2']])
  const long = `a=${'x'.repeat(4_000)},b=${'x'.repeat(4_000)},c=${'x'.repeat(4_000)}`
  expect(parseBaggage(long).map(([key]) => key)).toEqual(['a', 'b'])
  expect(formatBaggage(parseBaggage(long)).length).toBeLessThanOrEqual(8_192)
})

test('only allowed tags are propagated, in both directions', () => {
  const baggage = new TagBaggage({ allow: ['tenant', 'region'] })
  const headers: Record<string, string> = {}
  const set = (name: string, value: string) => void (headers[name] = value)
  baggage.inject(TagMap.of({ tenant: 'a b', secret: 'x' }), set)
  expect(headers).toEqual({ baggage: 'tenant=a%20b' })
  expect([...baggage.extract(() => 'tenant=a%20b,secret=x,region=eu;p=1')]).toEqual([
    ['tenant', 'a b'],
    ['region', 'eu'],
  ])
  expect(baggage.extract(() => undefined)).toBe(TagMap.EMPTY)
})

test('tags whose keys are not tokens of HTTP are not propagated, and write no empty header', () => {
  const baggage = new TagBaggage({ allow: ['the tenant', 'ok'] })
  const headers: Record<string, string> = {}
  const set = (name: string, value: string) => void (headers[name] = value)
  baggage.inject(TagMap.of({ 'the tenant': 'a' }), set)
  expect(headers).toEqual({})
  baggage.inject(TagMap.of({ 'the tenant': 'a', ok: '1' }), set)
  expect(headers).toEqual({ baggage: 'ok=1' })
})

test('local tags and values that are not printable ASCII are not propagated', () => {
  const baggage = new TagBaggage({ allow: ['here', 'name', 'long', 'ok'] })
  const headers: Record<string, string> = {}
  const tags = TagMap.of({ here: '1', name: 'Amélie', long: 'x'.repeat(256), ok: '1' }, { ttl: { here: 0 } })
  baggage.inject(tags, (name, value) => void (headers[name] = value))
  expect(headers).toEqual({ baggage: 'ok=1' })
  expect([...baggage.extract(() => 'name=Am%C3%A9lie,ok=2')]).toEqual([['ok', '2']])
})

test('members are added to a header and removed again', () => {
  expect(addMembers('a=1;p=1, b=2', 'b=3,c=4')).toBe('a=1;p=1,b=3,c=4')
  expect(addMembers('', 'b=3')).toBe('b=3')
  expect(removeMembers('a=1;p=1,b=3,c=4', 'b=3,c=4')).toBe('a=1;p=1')
  expect(removeMembers('b=3', 'b=3')).toBe('')
})

test('members beyond the limits of a header are not added to it', () => {
  const long = `a=${'x'.repeat(8_180)}`
  expect(addMembers(long, 'b=3,c=4')).toBe(`${long},b=3,c=4`)
  expect(addMembers(long, 'b=3,c=45678')).toBe(`${long},b=3`)
  const many = Array.from({ length: 179 }, (_, i) => `k${i}=1`).join(',')
  expect(addMembers(many, 'b=3,c=4')).toBe(`${many},b=3`)
})
