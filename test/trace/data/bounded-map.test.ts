import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { BoundedMap } from '../../../src/trace/data/bounded-map.js'

const key = fc.oneof(
  fc.integer({ min: 0, max: 24 }).map((at) => `key${at}`),
  fc.constantFrom(Number.NaN, 0, undefined),
)
const limit = fc.oneof(fc.integer({ min: -1, max: 40 }), fc.constantFrom(Infinity, Number.NaN, 2.5))
const step = fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete'), key, fc.integer())

test('a bounded map keeps the newest entries in order as a Map does, and counts the removed ones', () => {
  fc.assert(
    fc.property(limit, fc.array(step, { maxLength: 80 }), (max, steps) => {
      const bounded = new BoundedMap<unknown, number>(max)
      const map = new Map<unknown, number>()
      let dropped = 0
      for (const [act, each, value] of steps) {
        if (act === 'delete') expect(bounded.delete(each)).toBe(map.delete(each))
        else {
          bounded.set(each, value)
          const isNew = !map.delete(each)
          if (isNew && map.size >= max) {
            dropped++
            map.delete(map.keys().next().value)
          }
          if (!isNew || max > 0 || Number.isNaN(max)) map.set(each, value)
        }
        expect([bounded.size, bounded.dropped, bounded.get(each), bounded.has(each)]).toStrictEqual([
          map.size,
          dropped,
          map.get(each),
          map.has(each),
        ])
      }
      expect([...bounded]).toStrictEqual([...map])
    }),
    { numRuns: 500 },
  )
})
