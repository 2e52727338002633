import { expect, test } from 'vitest'
import { placeOf, readLabel } from '../../../src/metrics/store/label-access.js'

test('eight keys have an access site of their own, which they keep, and all others share one', () => {
  const places = Array.from({ length: 12 }, (_, n) => placeOf(`key ${n}`))
  expect(new Set(places.slice(0, 8)).size).toBe(8)
  expect(places.slice(8)).toEqual([8, 8, 8, 8])
  expect(Array.from({ length: 12 }, (_, n) => placeOf(`key ${n}`))).toEqual(places)
})

test('every access site reads its own label', () => {
  for (let place = 0; place <= 8; place++) {
    expect([readLabel({ a: 1, b: 2 }, 'a', place), readLabel({ a: 1, b: 2 }, 'b', place), readLabel({}, 'a', place)]).toEqual([
      1,
      2,
      undefined,
    ])
  }
})
