import { expect, test } from 'vitest'
import { selfCount, selfFamilies, selfFamily } from '../../src/base/internal-metrics.js'

const family = (name: string) => selfFamily({ name, description: '', type: 'counter', unit: '1', labelKeys: ['view', 'reason'] })

test('the same labels give the same counter, others another', () => {
  const drops = family('tallyscope_test_same_total')
  expect(selfCount(drops, 'v', 'tags')).toBe(selfCount(drops, 'v', 'tags'))
  expect(selfCount(drops, 'v', 'tags')).not.toBe(selfCount(drops, 'v', 'nan'))
  expect(selfCount(drops, 'a","b', 'c')).not.toBe(selfCount(drops, 'a', 'b","c'))
})

test('a family that is declared twice is one', () => {
  expect(family('tallyscope_test_twice_total')).toBe(family('tallyscope_test_twice_total'))
  expect(selfFamilies.get('tallyscope_test_twice_total')).toBe(family('tallyscope_test_twice_total'))
})

test('beyond the limit of series all others are counted together', () => {
  const drops = family('tallyscope_test_many_total')
  for (let at = 0; at < 5_000; at++) selfCount(drops, `view ${at}`, 'tags').value++
  const kept = [...drops.series.values()]
  expect(kept.length).toBeLessThan(2_500)
  expect(kept.reduce((sum, { count }) => sum + count.value, 0)).toBe(5_000)
  expect(selfCount(drops, 'one more', 'tags')).toBe(selfCount(drops, 'other', 'other'))
  expect(selfCount(drops, 'view 0', 'tags').value).toBe(1)
})
