import { describe, expect, test } from 'vitest'
import { checkKeys, checkName, checkUnit, isKey } from '../../../src/metrics/data/validate-definition.js'

const long = 'k'.repeat(255)
const hostile = { toString: () => expect.fail('turned to text') }

/** Checks a rule and says how it was broken, or undefined. */
function check(rule: (value: unknown) => void, value: unknown): string | undefined {
  try {
    rule(value)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ name: 'DefinitionError' })
    return `${(error as { code: string }).code}: ${(error as Error).message}`
  }
}

test('a key is 1 to 255 printable ASCII characters', () => {
  expect(['a', ' ', '~', 'a b', 'a/b-c.d', '__proto__', long].map(isKey)).toEqual(Array(7).fill(true))
  expect(['', `${long}k`, 'é', 'a\n', '\n', 'a\u007f', '\u{1f600}'].map(isKey)).toEqual(Array(7).fill(false))
})

describe('a name', () => {
  const name = (value: unknown) => check((given) => checkName('measure', given), value)
  test.each(['a', 'shop/latency', 'a b', long, '__proto__'])('may be %j', (value) => expect(name(value)).toBeUndefined())
  test.each<[unknown, string]>([
    ['', '""'],
    [`${long}k`, `"${'k'.repeat(80)}…"`],
    ['größe', '"größe"'],
    ['a\n', '"a\\n"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [['a', 'b'], 'an array'],
  ])('may not be %j', (value, shown) => {
    expect(name(value)).toBe(`ERR_NAME: a measure name must be 1 to 255 printable ASCII characters: ${shown} is not`)
  })
  test('may not be the options, which are the second argument', () => {
    const rule = 'ERR_NAME: a measure name must be 1 to 255 printable ASCII characters: an object is not'
    expect(name(hostile)).toBe(`${rule}. The name is the first argument, the options are the second.`)
  })
})

describe('a unit', () => {
  const unit = (value: unknown) => check((given) => checkUnit('measure', 'm', given), value)
  test.each(['1', 's', 'By', '{requests}', 'm/s', 'u'.repeat(63)])('may be %j', (value) => expect(unit(value)).toBeUndefined())
  test.each(['', 'a b', 'µs', 'u'.repeat(64), 5, null, hostile])('may not be %j', (value) => expect(unit(value)).toMatch(/^ERR_UNIT: /))
})

describe('keys', () => {
  const keys = (value: unknown) => check((given) => checkKeys('view', 'v', given), value)
  test.each([[[]], [['a']], [['a', 'A', 'a ']], [Array.from({ length: 32 }, (_, at) => `k${at}`)]])('may be %j', (value) => {
    expect(keys(value)).toBeUndefined()
  })
  test.each<[unknown, string]>([
    [Array.from({ length: 33 }, (_, at) => `k${at}`), 'keys must be an array of at most 32: view v has 33 of them'],
    ['abc', 'keys must be an array of at most 32: view v has "abc"'],
    [hostile, 'keys must be an array of at most 32: view v has an object'],
    [['a', ''], 'a key must be 1 to 255 printable ASCII characters: view v has ""'],
    [['a', 1], 'a key must be 1 to 255 printable ASCII characters: view v has 1'],
    [['a', 'b', 'a'], 'keys must differ: view v has "a" twice'],
  ])('may not be %j', (value, message) => expect(keys(value)).toBe(`ERR_KEYS: ${message}`))
})
