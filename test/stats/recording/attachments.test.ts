import { expect, test } from 'vitest'
import { readAttachments } from '../../../src/stats/recording/attachments.js'
import { selfValue } from '../../exporters/self-value.js'

/** What is kept of these attachments, and how many are counted as dropped. */
function check(given: unknown, kept: Record<string, string> | undefined, dropped: number): void {
  const before = selfValue('tallyscope_dropped_attachments_total')
  expect(readAttachments(given)).toEqual(kept)
  expect(selfValue('tallyscope_dropped_attachments_total') - before).toBe(dropped)
}

test('attachments map strings to strings', () => {
  check({ trace_id: 'a', n: 1, o: { toString: () => expect.fail('toString') }, u: undefined }, { trace_id: 'a' }, 3)
})

test('no attachments are undefined', () => check({}, undefined, 0))

test.each([null, 'text', 7, () => 1, Symbol('s')])('%s has no attachments', (given) => check(given, undefined, 1))

test('attachments that throw are dropped', () =>
  check(
    {
      get a() {
        throw new Error('no')
      },
    },
    undefined,
    1,
  )) // prettier-ignore

test('long attachments, and those beyond 32, are dropped', () => {
  const [long, tooLong] = ['k'.repeat(256), 'k'.repeat(257)]
  check({ a: long, [long]: 'x', b: tooLong, [tooLong]: 'x' }, { a: long, [long]: 'x' }, 2)
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, 'x']))
  check(many, Object.fromEntries(Object.entries(many).slice(0, 32)), 8)
})

test('attachments are a frozen copy', () => {
  const mine = { a: 'x' }
  const kept = readAttachments(mine)
  mine.a = 'y'
  expect([kept, Object.isFrozen(kept)]).toEqual([{ a: 'x' }, true])
})

test('__proto__ is an ordinary attachment', () => {
  const given = JSON.parse('{"__proto__":"x"}') as unknown
  expect(Object.entries(readAttachments(given)!)).toEqual([['__proto__', 'x']])
  expect(Object.getPrototypeOf(readAttachments(given))).toBe(Object.prototype)
})
