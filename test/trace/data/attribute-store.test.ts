import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AttributeStore } from '../../../src/trace/data/attribute-store.js'
import { BoundedMap } from '../../../src/trace/data/bounded-map.js'

const key = fc.integer({ min: 0, max: 24 }).map((at) => `key${at}`)
const limit = fc.oneof(fc.integer({ min: -1, max: 40 }), fc.constantFrom(Infinity, Number.NaN, 2.5))

test('keeps what a bounded map keeps, in its order, and counts the same as dropped', () => {
  fc.assert(
    fc.property(limit, fc.array(fc.tuple(key, fc.integer()), { maxLength: 80 }), (max, settings) => {
      const store = new AttributeStore<number>(max)
      const map = new BoundedMap<string, number>(max)
      for (const [each, value] of settings) {
        store.set(each, value)
        map.set(each, value)
        expect([store.size, store.dropped]).toStrictEqual([map.size, map.dropped])
      }
      expect([...store]).toStrictEqual([...map])
    }),
  )
})
