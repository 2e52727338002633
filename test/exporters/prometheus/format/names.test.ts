import { expect, test } from 'vitest'
import { exposedFamily } from '../../../../src/exporters/prometheus/format/names.js'
import type { MetricDescriptor, MetricType } from '../../../../src/metrics/data/metric.js'
import { metric } from './metric-samples.js'

const descriptor = (type: MetricType, name: string, labelKeys: string[] = [], unit = '1'): MetricDescriptor =>
  metric({ type, name, labelKeys, unit }).descriptor

test('the names of a family are computed once for each descriptor', () => {
  const one = descriptor('GAUGE_DOUBLE', 'depth')
  expect(exposedFamily(one)).toBe(exposedFamily(one))
})

test('info metrics and state sets have no unit, even if their names end with one', () => {
  expect(exposedFamily(descriptor('GAUGE_DOUBLE', 'age_seconds', [], 's')).unit).toBe('seconds')
  expect(exposedFamily(descriptor('INFO', 'age_seconds', ['version'], 's')).unit).toBe('')
  expect(exposedFamily(descriptor('STATE_SET', 'age_seconds', ['state'], 's')).unit).toBe('')
})

test('a state set requires a label for its states', () => {
  const without = exposedFamily(descriptor('STATE_SET', 'door'))
  expect(without.openMetricsType).toBe('gauge')
  expect(Object.keys(without.labelNames)).toEqual([])
  const withOne = exposedFamily(descriptor('STATE_SET', 'door', ['side', 'state']))
  expect(withOne).toMatchObject({ openMetricsType: 'stateset', labelNames: ['side', 'door'] })
})

test('a label may have a reserved name of the format if its type does not use it', () => {
  const distinct = (type: MetricType, label: string) => exposedFamily(descriptor(type, 'm', [label])).hasDistinctLabels
  expect(distinct('CUMULATIVE_DISTRIBUTION', 'le')).toBe(false)
  expect(distinct('CUMULATIVE_DISTRIBUTION', 'quantile')).toBe(true)
  expect(distinct('SUMMARY', 'quantile')).toBe(false)
  expect(distinct('SUMMARY', 'le')).toBe(true)
  expect(distinct('GAUGE_DOUBLE', 'le')).toBe(true)
  expect(distinct('GAUGE_DOUBLE', 'quantile')).toBe(true)
  expect(distinct('GAUGE_DOUBLE', 'tallyscope_overflow')).toBe(false)
})
