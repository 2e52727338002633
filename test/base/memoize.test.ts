import { expect, test } from 'vitest'
import { memoize } from '../../src/base/memoize.js'

test('a memoized function runs once for each object, and returns the same result again', () => {
  let made = 0
  const box = memoize(({ name }: { readonly name: string }) => ({ name, number: ++made }))
  const one = { name: 'one' }
  expect(box(one)).toEqual({ name: 'one', number: 1 })
  expect(box(one)).toBe(box(one))
  expect(box({ name: 'one' })).toEqual({ name: 'one', number: 2 })
})

test('a memoized function that has thrown runs again', () => {
  let fails = true
  const box = memoize((key: object) => {
    if (fails) throw new Error('not yet')
    return { key }
  })
  const one = {}
  expect(() => box(one)).toThrow('not yet')
  fails = false
  expect(box(one).key).toBe(one)
})
