import { expect, test } from 'vitest'
import { escapeControlCharacters, inspectValue } from '../../../src/base/strings/inspect-value.js'

const hostile = {
  toString: () => {
    throw new Error('called')
  },
  toJSON: () => {
    throw new Error('called')
  },
} // prettier-ignore

test.each<[unknown, string]>([
  [undefined, 'undefined'],
  [null, 'null'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
  [12n, '12n'],
  [10n ** 1_000n, 'a bigint'],
  ['', '""'],
  ['plain', '"plain"'],
  ['a "b"\n\u001b[2J\u202e', '"a \\"b\\"\\n\\u001b[2J\\u202e"'],
  ['http://user:secret@host/', '"http://…@host/"'],
  [['a'], 'an array'],
  [[], '[]'],
  [[0.5, Number.NaN], '[0.5, NaN]'],
  [Array(11).fill(1), 'an array'],
  [{}, 'an object'],
  [hostile, 'an object'],
  [Symbol('s'), 'a symbol'],
  [() => {}, 'a function'],
])('a value is shown on one line, without calling its methods (%#)', (value, shown) => {
  expect(inspectValue(value)).toBe(shown)
})

test('a long string is cut, and no part of a password at the cut is shown', () => {
  expect(inspectValue('x'.repeat(1_000_000))).toBe(`"${'x'.repeat(80)}…"`)
  expect(inspectValue(`http://user:${'secret'.repeat(20)}@host/`)).toBe('"http://…@host/"')
  expect(inspectValue(`http://user:${'secret'.repeat(500)}@host/`)).not.toContain('secret')
})

test('a revoked proxy is printed as an object', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect(inspectValue(proxy)).toBe('an object')
})

test.each<[string, string]>([
  ['plain größe 日本 👍', 'plain größe 日本 👍'],
  ['two\r\nlines', 'two\\x0d\\x0alines'],
  ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
  ['\u009b31m \u007f \u2028', '\\x9b31m \\x7f \\u2028'],
  ['\u202eright to left\u2069\u061c', '\\u202eright to left\\u2069\\u061c'],
  ['half \ud800 pair', 'half \\ud800 pair'],
])('a terminal shows %j as one line of plain characters', (text, shown) => {
  expect(escapeControlCharacters(text)).toBe(shown)
})
