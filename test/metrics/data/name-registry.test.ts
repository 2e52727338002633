import { expect, test } from 'vitest'
import type { MetricDescriptor, MetricType } from '../../../src/metrics/data/metric.js'
import { checkLabelKeys, NameRegistry } from '../../../src/metrics/data/name-registry.js'

const descriptor = (name: string, type: MetricType, unit = '1', labelKeys: string[] = []): MetricDescriptor => ({
  name,
  type,
  unit,
  description: '',
  labelKeys,
})

function clashes(first: MetricDescriptor, later: MetricDescriptor): boolean {
  const claims = new NameRegistry()
  claims.reserve(first)
  try {
    claims.reserve(later)
    return false
  } catch (error) {
    expect(error).toMatchObject({ name: 'DefinitionError', code: 'ERR_NAME_CLASH' })
    return true
  }
}

test('names that are equal after sanitising clash', () => {
  expect(clashes(descriptor('a.b', 'GAUGE_DOUBLE'), descriptor('a/b', 'GAUGE_DOUBLE'))).toBe(true)
  expect(clashes(descriptor('a', 'GAUGE_DOUBLE', 's'), descriptor('a_seconds', 'GAUGE_DOUBLE'))).toBe(true)
  expect(clashes(descriptor('a', 'GAUGE_DOUBLE', 's'), descriptor('a', 'GAUGE_DOUBLE', 'ms'))).toBe(false)
})

test('a family owns the suffixes of its type, whichever is registered first', () => {
  const pairs: [MetricDescriptor, MetricDescriptor][] = [
    [descriptor('a', 'CUMULATIVE_INT64'), descriptor('a', 'GAUGE_INT64')],
    [descriptor('a', 'CUMULATIVE_INT64'), descriptor('a_created', 'GAUGE_INT64')],
    [descriptor('h', 'CUMULATIVE_DISTRIBUTION'), descriptor('h_count', 'GAUGE_INT64')],
    [descriptor('h', 'CUMULATIVE_DISTRIBUTION'), descriptor('h_sum', 'GAUGE_INT64')],
    [descriptor('h', 'CUMULATIVE_DISTRIBUTION'), descriptor('h_bucket', 'GAUGE_INT64')],
    [descriptor('p', 'SUMMARY'), descriptor('p_sum', 'GAUGE_INT64')],
    [descriptor('x', 'INFO'), descriptor('x_info', 'GAUGE_INT64')],
  ]
  for (const [one, other] of pairs) {
    expect(clashes(one, other), `${one.name} then ${other.name}`).toBe(true)
    expect(clashes(other, one), `${other.name} then ${one.name}`).toBe(true)
  }
})

test('names that are only similar do not clash', () => {
  expect(clashes(descriptor('h', 'CUMULATIVE_DISTRIBUTION'), descriptor('h_count', 'CUMULATIVE_INT64'))).toBe(true)
  expect(clashes(descriptor('p', 'SUMMARY'), descriptor('p_bucket', 'GAUGE_INT64'))).toBe(false)
  expect(clashes(descriptor('g', 'GAUGE_INT64'), descriptor('g_count', 'CUMULATIVE_INT64'))).toBe(false)
})

test('a clash names both definitions, and the first is kept', () => {
  const claims = new NameRegistry()
  claims.reserve(descriptor('a.b', 'GAUGE_DOUBLE', '1', ['k']))
  expect(() => claims.reserve(descriptor('a/b', 'CUMULATIVE_INT64'))).toThrow(
    '"a/b" (CUMULATIVE_INT64) and "a.b" (GAUGE_DOUBLE) would both be exposed as a_b',
  )
  expect(() => claims.reserve(descriptor('a_b', 'GAUGE_DOUBLE'))).toThrow('would both be exposed as a_b')
})

test('a released name is available again, and only its owner releases it', () => {
  const claims = new NameRegistry()
  const first = descriptor('a', 'GAUGE_DOUBLE')
  claims.reserve(first)
  claims.release(descriptor('a', 'GAUGE_DOUBLE'))
  expect(() => claims.reserve(descriptor('a', 'GAUGE_DOUBLE'))).toThrow('would both be exposed as a')
  claims.release(first)
  claims.reserve(descriptor('a', 'CUMULATIVE_INT64'))
})

test('reserved keys are refused, and keys that become the same label', () => {
  const code = (keys: string[]): string | undefined => {
    try {
      checkLabelKeys('view', keys)
      return undefined
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  for (const key of ['le', 'quantile', '__name__', '__x', 'tallyscope_overflow', 'tallyscope.overflow']) {
    expect(code(['a', key]), key).toBe('ERR_LABEL_RESERVED')
  }
  expect(code(['a.b', 'a_b'])).toBe('ERR_LABEL_CLASH')
  expect(code(['a', 'a'])).toBe('ERR_LABEL_CLASH')
  expect(code(['a', 'A', 'constructor'])).toBe(undefined)
})
