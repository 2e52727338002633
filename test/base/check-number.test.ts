import { describe, expect, test } from 'vitest'
import { checkNumber } from '../../src/base/check-options.js'
import { componentName } from '../../src/base/strings/inspect-value.js'

describe('a number', () => {
  test.each([1, 1.5, 10])('%d is within its range', (value) => {
    expect(checkNumber('ERR_TEST', 'limit', value, { min: 1, max: 10 })).toBe(value)
  })

  test.each<[unknown, string]>([
    [0, '0'],
    [11, '11'],
    [Number.NaN, 'NaN'],
    ['5', '"5"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [{}, 'an object'],
    [Symbol('s'), 'a symbol'],
  ])('must not be %o', (value, shown) => {
    expect(() => checkNumber('ERR_TEST', 'limit', value, { min: 1, max: 10 })).toThrowError(
      expect.objectContaining({
        name: 'DefinitionError',
        code: 'ERR_TEST',
        message: `limit must be a number from 1 to 10: it is ${shown}`,
      }),
    )
  })

  test('must be a whole number if the range requires it', () => {
    expect(() => checkNumber('ERR_TEST', 'limit', 1.5, { min: 1, max: 10, integer: true })).toThrowError(
      'limit must be a whole number from 1 to 10: it is 1.5',
    )
  })
})

test.each<[string, unknown, string]>([
  ['its own', { name: 'mine' }, 'mine'],
  ['that of its class', new (class Mine {})(), 'Mine'],
  ['a plain object has none', {}, 'part'],
  ['no object has none', undefined, 'part'],
  ['no text is none', { name: 5 }, 'part'],
  ['cut after 100 characters', { name: 'x'.repeat(200) }, 'x'.repeat(100)],
  [
    'one that cannot be read is none',
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no')
        },
      },
    ),
    'part',
  ],
])('the name of a part: %s', (_, part, name) => {
  expect(componentName(part, 'part')).toBe(name)
})
