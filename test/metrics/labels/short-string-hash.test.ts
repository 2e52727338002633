import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { ShortStringHash } from '../../../src/metrics/labels/short-string-hash.js'

/** A table, and its strings by id. */
function tableOf(own: readonly string[]): { table: ShortStringHash; strings: (string | undefined)[] } {
  const table = new ShortStringHash()
  const strings: (string | undefined)[] = [undefined]
  for (const text of own) {
    strings.push(text)
    table.add(strings)
  }
  return { table, strings }
}

/** What the table says of a text, asked as a label asks. */
const idIn = (table: ShortStringHash, text: string) => (text.length > 0 && text.length <= table.longest ? table.find(text) : 0)
const idsIn = (table: ShortStringHash, strings: readonly string[]) => strings.map((text) => idIn(table, text))
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

test.each([
  ['methods', ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']],
  ['codes', ['200', '201', '204', '301', '304', '400', '401', '403', '404', '409', '500', '502', '503']],
  ['classes', ['1xx', '2xx', '3xx', '4xx', '5xx']],
  ['routes', Array.from({ length: 10 }, (_, n) => `/api/v1/route-${n}`)],
  ['hosts', Array.from({ length: 64 }, (_, n) => `db-${String(n).padStart(2, '0')}.internal`)],
  ['names of other scripts', ['Köln', 'Αθήνα', '東京', 'Москва', '🙂', 'é']],
])('each of %s has a slot of its own', (_, strings) => {
  const { table } = tableOf(strings)
  expect(idsIn(table, strings)).toEqual(upTo(strings.length))
  expect(table.longest).toBe(Math.max(...strings.map(({ length }) => length)))
})

test('a string that was not added is not found, however similar it is', () => {
  const { table } = tableOf(['GET', 'POST', 'PUT'])
  expect(idsIn(table, ['GAT', 'get', 'G', 'POSTS', '', 'PUS', 'PUTT'])).toEqual([0, 0, 0, 0, 0, 0, 0])
})

test('a string is found in any internal form', () => {
  const { table } = tableOf(['/api/v1/route-1', '/api/v1/route-2'])
  const number = 2
  expect(idsIn(table, [`/api/v1/route-${number}`, 'x/api/v1/route-1y'.slice(1, -1)])).toEqual([2, 1])
})

test('a string whose slot is in use is left to the other tables, and so are all strings after many of them', () => {
  const { table } = tableOf(['abcdefgh', 'other', 'third', 'fourth!', 'aXXdeXgh']) // where letters differ, none is taken
  const ids = idsIn(table, ['abcdefgh', 'other', 'third', 'fourth!', 'aXXdeXgh'])
  expect(ids.filter((id) => id === 0).length).toBeLessThanOrEqual(1)
  const alike = Array.from({ length: 40 }, (_, n) => `${'x'.repeat(30)}${String.fromCharCode(65 + n)}${'x'.repeat(70)}`)
  expect(tableOf(alike).table.longest).toBe(0)
})

test('the 65th string ends the table', () => {
  const strings = Array.from({ length: 65 }, (_, n) => `host-${n}`)
  expect(tableOf(strings.slice(0, 64)).table.longest).toBe(7)
  expect(tableOf(strings).table.longest).toBe(0)
})

test('a cleared table is empty, and can be filled again', () => {
  const { table } = tableOf(['GET', 'POST'])
  table.clear()
  expect([table.longest, table.find('GET')]).toEqual([0, 0])
  table.add([undefined, 'POST'])
  expect(idsIn(table, ['GET', 'POST'])).toEqual([0, 1])
})

test('any string is found by its own id or not at all, and at least three in four are unless none is', () => {
  const text = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
    fc.nat(99).map((n) => `host-${n}`),
    fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b') }),
  )
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 80 }), fc.array(text), (own, asked) => {
      const { table, strings } = tableOf(own)
      for (const each of [...own, ...asked]) {
        const id = idIn(table, each)
        if (id !== 0) expect(strings[id]).toBe(each)
      }
      const found = idsIn(table, own).filter((id) => id !== 0).length
      expect(found === 0 || found * 4 >= own.length * 3).toBe(true)
    }),
    { examples: [[['host-31', 'host-30', 'ba', 'aa', 'host-40', '\u{39b05}'], []]] },
  )
})

test('a table that has been reset eight times stays empty', () => {
  const { table } = tableOf(['GET', 'POST'])
  const longest = Array.from({ length: 9 }, () => {
    table.reset()
    table.add([undefined, 'PUT'])
    return table.longest
  })
  expect(longest).toEqual([3, 3, 3, 3, 3, 3, 3, 0, 0])
})
