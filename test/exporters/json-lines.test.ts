import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonLine } from '../../src/exporters/json-lines.js'

test.each<[string, unknown, string]>([
  [
    'numbers that JSON does not have are spelled out',
    [Number.NaN, Number.POSITIVE_INFINITY, { a: Number.NEGATIVE_INFINITY }],
    '["NaN","Infinity",{"a":"-Infinity"}]',
  ],
  ['null stays null', { a: null, b: [undefined] }, '{"a":null,"b":[null]}'],
  ['the word null in a text changes nothing', { a: 'null', b: 1.5 }, '{"a":"null","b":1.5}'],
  ['an item may bring its own form', { toJSON: () => ({ mine: true }) }, '{"mine":true}'],
  ['control characters of terminals are escaped', '\u001b[31m \u009b1m \u007f', '"\\u001b[31m \\u009b1m \\u007f"'],
  ['line ends of any kind are escaped', 'a\nb\r\u2028\u2029', '"a\\nb\\r\\u2028\\u2029"'],
  ['lone surrogates are escaped', '\ud800', '"\\ud800"'],
])('%s', (_, item, text) => {
  expect(jsonLine(item)).toEqual({ text })
})

test.each<[string, unknown]>([
  [
    'a getter that throws',
    {
      get a() {
        throw new Error('no')
      },
    },
  ],
  [
    'a cycle',
    (() => {
      const a: unknown[] = []
      a.push(a)
      return a
    })(),
  ],
  ['a BigInt', { a: 1n }],
  ['nothing', undefined],
  ['a function', () => {}],
])('%s has no line, only an error', (_, item) => {
  const line = jsonLine(item)
  expect(line.text).toBeUndefined()
  expect(line.error).toBeInstanceOf(Error)
})

test('any item is one line that parses to the same item', () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false } as never), (json) => {
      const item = JSON.parse(json)
      const { text } = jsonLine(item)
      expect(text).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      expect(JSON.parse(text!)).toEqual(item)
    }),
  )
})
