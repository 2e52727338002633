import { describe, expect, test } from 'vitest'
import { isTagValue } from '../../../src/metrics/labels/all-tags.js'
import { isUnset, labelString, ownLabels } from '../../../src/metrics/labels/label-value.js'

test('undefined, null, the empty string and NaN are unset, and nothing else', () => {
  expect([undefined, null, '', NaN].map(isUnset)).toEqual([true, true, true, true])
  expect([0, -0, false, ' ', '0', 'null', {}, []].map(isUnset)).toEqual(Array(8).fill(false))
})

test('strings, numbers, booleans and BigInts are valid values; objects, functions and symbols are not', () => {
  expect(['', 1, true, 1n].map(isTagValue)).toEqual([true, true, true, true])
  expect([{}, [], null, undefined, () => 1, Symbol('s'), new String('x'), new Date(0)].map(isTagValue)).toEqual(Array(8).fill(false))
})

describe('the string of a value', () => {
  const cases: [what: string, value: string | number | boolean | bigint, maxLength: number, text: string][] = [
    ['a text is itself', 'GET', 256, 'GET'],
    ['control characters, quotes and newlines stay', 'a\n"\\\r\0\u001b\t', 256, 'a\n"\\\r\0\u001b\t'],
    ['byte order mark, line separators, bidi and joiners stay', '\ufeff\u2028\u202e\u200d\uffff', 256, '\ufeff\u2028\u202e\u200d\uffff'],
    ['composed and decomposed accents differ', 'e\u0301', 256, 'e\u0301'],
    ['0 and −0 are one', -0, 256, '0'],
    ['a number as JavaScript writes it', 1e21, 256, '1e+21'],
    ['an infinity', -Infinity, 256, '-Infinity'],
    ['a boolean', false, 256, 'false'],
    ['a BigInt', 2n ** 70n, 256, '1180591620717411303424'],
    ['a lone high surrogate becomes U+FFFD', 'a\ud83d', 256, 'a\ufffd'],
    ['a lone low surrogate too', '\ude00b', 256, '\ufffdb'],
    ['a pair stays', '\u{1f600}', 256, '\u{1f600}'],
    ['a long text is cut', 'abcdef', 3, 'abc'],
    ['one of just the limit is not', 'abc', 3, 'abc'],
    ['code points are counted, not halves', '\u{1f600}\u{1f601}\u{1f602}', 2, '\u{1f600}\u{1f601}'],
    ['a pair is not cut through', 'a\u{1f600}b', 2, 'a\u{1f600}'],
    ['lone surrogates count as one each', '\ud83d\ud83d\ud83dx', 2, '\ufffd\ufffd'],
    ['a lone one beyond the limit makes no difference', 'abc\ud83d', 3, 'abc'],
    ['a number is cut as its text', 123456, 3, '123'],
  ]
  test.each(cases)('%s', (_what, value, maxLength, text) => expect(labelString(value, maxLength)).toBe(text))

  test('counts a surrogate pair as one code point', () => {
    expect(labelString('\u{10000}\u{10000}x', 2)).toBe('\u{10000}\u{10000}')
    expect(labelString('\uffff\uffffx', 2)).toBe('\uffff\uffff')
  })

  test('takes no more work for 100 MB than for a short string', () => {
    const huge = `${'\u{1f600}'.repeat(300)}${'x'.repeat(1e8)}`
    const startMs = performance.now()
    for (let n = 0; n < 100; n++) labelString(huge, 256)
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })
})

describe('interned labels', () => {
  class Labels {
    get a() {
      return 'x'
    }
    b(): void {}
  }
  const cases: [what: string, labels: unknown, own: Record<string, string>][] = [
    ['are these keys alone, as texts', { a: 1, b: true, c: 'x' }, { a: '1', b: 'true' }],
    ['leave out what is not set', { a: '', b: null }, {}],
    ['leave out what cannot be text', { a: {}, b: Symbol('s') }, {}],
    ['may come from getters of a class, and are none of its methods', new Labels(), { a: 'x' }],
    ['of no object are none', 7, {}],
    ['of nothing are none', undefined, {}],
  ]
  test('are cut at the length that no engine exceeds', () => {
    const { a } = ownLabels({ a: 'x'.repeat(20_000) }, ['a'])
    expect(a).toBe('x'.repeat(16_384))
  })

  test.each(cases)('%s', (_what, labels, own) => {
    const found = ownLabels(labels, ['a', 'b'])
    expect({ ...found }).toEqual(own)
    expect(Object.isFrozen(found)).toBe(true)
  })
})
