import { expect, test } from 'vitest'
import { allTags } from '../../../src/metrics/labels/all-tags.js'

test('plain objects and arrays are returned as they are', () => {
  for (const tags of [{ a: 'x' }, Object.assign(Object.create(null), { a: 'x' }), ['x']]) expect(allTags(tags)).toBe(tags)
})

test('an instance has its own values and the valid ones that it inherits, of which the nearest counts', () => {
  class Base {
    get a() {
      return 'base'
    }
    get b() {
      return 1
    }
    get c() {
      return { d: 'x' }
    }
  }
  class Tags extends Base {
    own = 'x'
    empty = undefined
    override get a() {
      return 'near'
    }
    method(): void {}
  }
  expect({ ...allTags(new Tags()) }).toEqual({ a: 'near', b: 1, own: 'x', empty: undefined })
})

test('a value of the instance hides one that it would inherit', () => {
  const tags = Object.create({ a: 'x', b: 'y' }, { a: { value: undefined, enumerable: true } })
  expect({ ...allTags(tags) }).toEqual({ a: undefined, b: 'y' })
})
