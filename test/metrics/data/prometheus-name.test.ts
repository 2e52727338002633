import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { baseName, exposedName, labelName, ownedNames } from '../../../src/metrics/data/prometheus-name.js'
import type { MetricDescriptor, MetricType } from '../../../src/metrics/data/metric.js'

const descriptor = (name: string, type: MetricType, unit = '1', exactName = false): MetricDescriptor => ({
  name,
  type,
  unit,
  description: '',
  labelKeys: [],
  ...(exactName ? { exactName } : {}),
})

/** Each case: name, type, unit, name in text, name in OpenMetrics. */
function check(cases: readonly (readonly [string, MetricType, string, string, string])[], exact = false): void {
  for (const [name, type, unit, exposed, base] of cases) {
    const given = descriptor(name, type, unit, exact)
    expect([exposedName(given), baseName(given)], `${name} ${type} ${unit}`).toEqual([exposed, base])
  }
}

test('a unit is appended as a word, unless the name equals it or ends in it', () => {
  check([
    ['shop/latency', 'CUMULATIVE_DISTRIBUTION', 's', 'shop_latency_seconds', 'shop_latency_seconds'],
    ['shop/latency_seconds', 'GAUGE_DOUBLE', 's', 'shop_latency_seconds', 'shop_latency_seconds'],
    ['seconds', 'GAUGE_DOUBLE', 's', 'seconds', 'seconds'],
    ['milliseconds', 'GAUGE_DOUBLE', 's', 'milliseconds_seconds', 'milliseconds_seconds'],
    ['shop/latency', 'SUMMARY', 'ms', 'shop_latency_milliseconds', 'shop_latency_milliseconds'],
    ['disk', 'GAUGE_INT64', 'By', 'disk_bytes', 'disk_bytes'],
  ])
})

test('the unit 1 and units without a word add nothing', () => {
  check([
    ['queue/depth', 'GAUGE_INT64', '1', 'queue_depth', 'queue_depth'],
    ['queue/depth', 'GAUGE_INT64', '{jobs}', 'queue_depth', 'queue_depth'],
    ['queue/depth', 'GAUGE_INT64', '', 'queue_depth', 'queue_depth'],
    ['queue/depth', 'GAUGE_INT64', 'S', 'queue_depth', 'queue_depth'],
  ])
})

test('names of counters end in _total after the unit, and those of other types do not', () => {
  check([
    ['shop/requests', 'CUMULATIVE_INT64', '1', 'shop_requests_total', 'shop_requests'],
    ['shop/requests_total', 'CUMULATIVE_INT64', '1', 'shop_requests_total', 'shop_requests'],
    ['cpu_total', 'CUMULATIVE_DOUBLE', 's', 'cpu_seconds_total', 'cpu_seconds'],
    ['cpu_seconds_total', 'CUMULATIVE_DOUBLE', 's', 'cpu_seconds_total', 'cpu_seconds'],
    ['jobs_total', 'GAUGE_INT64', '1', 'jobs', 'jobs'],
    ['_total', 'CUMULATIVE_INT64', '1', '_total_total', '_total'],
  ])
})

test('an info metric keeps one _info and has no unit, a state set has no unit', () => {
  check([
    ['build', 'INFO', 's', 'build_info', 'build'],
    ['build_info', 'INFO', '1', 'build_info', 'build'],
    ['door', 'STATE_SET', 's', 'door', 'door'],
  ])
})

test('an exact name is unchanged', () => {
  check(
    [
      ['job:rate:sum', 'GAUGE_DOUBLE', 's', 'job:rate:sum', 'job:rate:sum'],
      ['requests', 'CUMULATIVE_INT64', '1', 'requests', 'requests'],
      ['requests_total', 'CUMULATIVE_INT64', '1', 'requests_total', 'requests'],
      ['jobs_total', 'GAUGE_INT64', '1', 'jobs_total', 'jobs_total'],
      ['build_info', 'INFO', '1', 'build_info', 'build'],
    ],
    true,
  )
})

test('an illegal character becomes one underscore, a leading digit gets one', () => {
  check([
    ['café/größe', 'GAUGE_DOUBLE', '1', 'caf__gr__e', 'caf__gr__e'],
    ['a:b-c.d', 'GAUGE_DOUBLE', '1', 'a_b_c_d', 'a_b_c_d'],
    ['😀', 'GAUGE_DOUBLE', '1', '_', '_'],
    ['2xx', 'GAUGE_DOUBLE', '1', '_2xx', '_2xx'],
  ])
})

test('label names are legal and never begin with two underscores', () => {
  const expected = { method: 'method', 'http.method': 'http_method', 'a-b': 'a_b', ü: '_', éé: '_', '1x': '_1x', __x: '_x', '': '_' }
  for (const [key, name] of Object.entries(expected)) expect(labelName(key)).toBe(name)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (key) => /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(labelName(key))))
})

test('the exposed form of any name is valid and reserved by it', () => {
  const types: MetricType[] = ['GAUGE_INT64', 'GAUGE_DOUBLE', 'CUMULATIVE_INT64', 'CUMULATIVE_DISTRIBUTION', 'SUMMARY', 'INFO', 'STATE_SET']
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...types),
      fc.constantFrom('1', 's', 'By'),
      fc.boolean(),
      (name, type, unit, exact) => {
        const given = descriptor(name, type, unit, exact)
        expect(exposedName(given)).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
        expect(ownedNames(given)).toContain(exposedName(given))
        expect(ownedNames(given)).toContain(baseName(given))
      },
    ),
  )
})
