import { expect, test } from 'vitest'
import { siteOf, readLabel } from '../../../src/metrics/labels/label-access.js'

test('each of the first eight keys keeps its own access site, and all others share one', () => {
  const sites = Array.from({ length: 12 }, (_, n) => siteOf(`key ${n}`))
  expect(new Set(sites.slice(0, 8)).size).toBe(8)
  expect(sites.slice(8)).toEqual([8, 8, 8, 8])
  expect(Array.from({ length: 12 }, (_, n) => siteOf(`key ${n}`))).toEqual(sites)
})

test('every access site reads its own label', () => {
  for (let site = 0; site <= 8; site++) {
    expect([readLabel({ a: 1, b: 2 }, 'a', site), readLabel({ a: 1, b: 2 }, 'b', site), readLabel({}, 'a', site)]).toEqual([
      1,
      2,
      undefined,
    ])
  }
})
