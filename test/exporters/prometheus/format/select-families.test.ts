import { afterEach, expect, test, vi } from 'vitest'
import { internalMetrics } from '../../../../src/base/internal-metrics.js'
import { selectFamilies } from '../../../../src/exporters/prometheus/format/select-families.js'
import { metric } from './metric-samples.js'

afterEach(() => vi.restoreAllMocks())

const gauge = (name: string, labelKeys: string[] = []) => metric({ name, type: 'GAUGE_INT64', labelKeys }, [labelKeys.map(() => 'x'), 1])

test('what is left out is counted by family and reason, and told with its name', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const chosen = selectFamilies([gauge('families.of'), gauge('families_of'), gauge('families_in', ['p.q', 'p_q']), gauge('a')])
  expect(chosen.map(({ exposed, source }) => [exposed.name, source.descriptor.name])).toEqual([
    ['a', 'a'],
    ['families_of', 'families.of'],
  ])
  const family = internalMetrics.get('tallyscope_prometheus_left_out_families_total')!
  expect(family).toMatchObject({ type: 'counter', unit: '1', labelKeys: ['family', 'reason'] })
  expect(family.description).toMatch(/^Families left out/)
  const counted = (name: string, reason: string) => family.series.get(JSON.stringify([name, reason]))?.count.value
  expect(counted('families_of', 'name_clash')).toBe(1)
  expect(counted('families_in', 'label_clash')).toBe(1)
  const code = 'TALLYSCOPE_FAMILY_LEFT_OUT'
  expect(warned.mock.calls).toEqual([
    ['families_of is left out of the exposition: families_of is already the name of families.of', expect.objectContaining({ code })],
    ['families_in is left out of the exposition: its labels would not differ: p_q, p_q', expect.objectContaining({ code })],
  ])
})

test('the same name for another reason is told again', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  selectFamilies([gauge('two.reasons'), gauge('two_reasons')])
  selectFamilies([gauge('two_reasons', ['p.q', 'p_q'])])
  selectFamilies([gauge('other.reasons'), gauge('other_reasons'), gauge('other_reasons')])
  expect(warned).toHaveBeenCalledTimes(3)
})
