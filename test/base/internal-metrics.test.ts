import { expect, test } from 'vitest'
import { internalCount, internalCounter, internalGauge, internalMetrics } from '../../src/base/internal-metrics.js'

const family = (name: string) => internalCounter(name, '', 'view', 'reason')

test('equal labels return the same counter, other labels another one', () => {
  const drops = family('tallyscope_test_same_total')
  expect(internalCount(drops, 'v', 'tags')).toBe(internalCount(drops, 'v', 'tags'))
  expect(internalCount(drops, 'v', 'tags')).not.toBe(internalCount(drops, 'v', 'nan'))
  expect(internalCount(drops, 'a","b', 'c')).not.toBe(internalCount(drops, 'a', 'b","c'))
})

test('a family that is declared twice is one family', () => {
  expect(family('tallyscope_test_twice_total')).toBe(family('tallyscope_test_twice_total'))
  expect(internalMetrics.get('tallyscope_test_twice_total')).toBe(family('tallyscope_test_twice_total'))
})

test('series beyond the limit are counted together', () => {
  const drops = family('tallyscope_test_many_total')
  for (let at = 0; at < 5_000; at++) internalCount(drops, `view ${at}`, 'tags').value++
  const kept = [...drops.series.values()]
  expect(kept.length).toBeLessThan(2_500)
  expect(kept.reduce((sum, { count }) => sum + count.value, 0)).toBe(5_000)
  expect(internalCount(drops, 'one more', 'tags')).toBe(internalCount(drops, 'other', 'other'))
  expect(internalCount(drops, 'view 0', 'tags').value).toBe(1)
})

test('the unit follows from the name', () => {
  const units = ['tallyscope_test_run_seconds_total', 'tallyscope_test_sent_bytes', 'tallyscope_test_depth'].map(
    (name) => internalGauge(name, '').unit,
  )
  expect(units).toEqual(['s', 'By', '1'])
})
