import { fc } from '../../../fast-check.js'
import { expect, test } from 'vitest'
import { internalMetrics } from '../../../../src/base/internal-metrics.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { distribution, metric, type Series } from './metric-samples.js'
import { readText } from './text-reader.js'

function check(metrics: Metric[], expected: string): void {
  const text = formatText(metrics)
  expect(text).toBe(expected)
  readText(text)
}

test('every type has its lines', () => {
  check(
    [
      metric(
        { name: 'shop/requests', type: 'CUMULATIVE_INT64', description: 'Requests served', labelKeys: ['http.method', 'route'] },
        [['GET', '/'], 3],
        [['POST', undefined], 4],
        [[undefined, ''], 5],
        [[undefined, undefined], 6, { overflow: true }],
      ),
      metric({ name: 'queue/depth', type: 'GAUGE_DOUBLE', description: 'Jobs that wait' }, [[], 2.5]),
      metric(
        { name: 'shop/latency', type: 'CUMULATIVE_DISTRIBUTION', unit: 's', description: 'Time to answer', labelKeys: ['m'] },
        [['GET'], distribution([0.005, 1, 1e6], [1, 0, 2, 1], 12.5)],
        [[undefined], distribution([0.005, 1, 1e6], [0, 0, 0, 0], 0)],
        [[undefined], distribution([0.005, 1, 1e6], [0, 0, 0, 7], 7e6), { overflow: true }],
      ),
      metric({ name: 'shop/wait', type: 'SUMMARY', unit: 'ms', description: 'Wait', labelKeys: ['m'] }, [
        ['GET'],
        {
          kind: 'summary',
          count: 2,
          sum: 3,
          quantiles: [
            { quantile: 0.5, value: 1 },
            { quantile: 0.99, value: Number.NaN },
          ],
        },
      ]),
      metric({ name: 'build', type: 'INFO', description: 'Version', labelKeys: ['version'] }, [['1.2.3'], 1]),
      metric({ name: 'door', type: 'STATE_SET', description: 'Door', labelKeys: ['state'] }, [['open'], 1], [['shut'], 0]),
    ],
    `# HELP build_info Version
# TYPE build_info gauge
build_info{version="1.2.3"} 1
# HELP door Door
# TYPE door gauge
door{door="open"} 1
door{door="shut"} 0
# HELP queue_depth Jobs that wait
# TYPE queue_depth gauge
queue_depth 2.5
# HELP shop_latency_seconds Time to answer
# TYPE shop_latency_seconds histogram
shop_latency_seconds_bucket{m="GET",le="0.005"} 1
shop_latency_seconds_bucket{m="GET",le="1"} 1
shop_latency_seconds_bucket{m="GET",le="1e+06"} 3
shop_latency_seconds_bucket{m="GET",le="+Inf"} 4
shop_latency_seconds_sum{m="GET"} 12.5
shop_latency_seconds_count{m="GET"} 4
shop_latency_seconds_bucket{le="0.005"} 0
shop_latency_seconds_bucket{le="1"} 0
shop_latency_seconds_bucket{le="1e+06"} 0
shop_latency_seconds_bucket{le="+Inf"} 0
shop_latency_seconds_sum 0
shop_latency_seconds_count 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="0.005"} 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="1"} 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="1e+06"} 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="+Inf"} 7
shop_latency_seconds_sum{tallyscope_overflow="true"} 7000000
shop_latency_seconds_count{tallyscope_overflow="true"} 7
# HELP shop_requests_total Requests served
# TYPE shop_requests_total counter
shop_requests_total{http_method="GET",route="/"} 3
shop_requests_total{http_method="POST"} 4
shop_requests_total 5
shop_requests_total{tallyscope_overflow="true"} 6
# HELP shop_wait_milliseconds Wait
# TYPE shop_wait_milliseconds summary
shop_wait_milliseconds{m="GET",quantile="0.5"} 1
shop_wait_milliseconds{m="GET",quantile="0.99"} NaN
shop_wait_milliseconds_sum{m="GET"} 3
shop_wait_milliseconds_count{m="GET"} 2
`,
  )
})

test('three characters are escaped in values, two in HELP', () => {
  check(
    [
      metric({ name: 'g', type: 'GAUGE_DOUBLE', description: 'a "quote", a \\ and\na line', labelKeys: ['v'] }, [
        ['a "quote", a \\ and\na line\r\t\0'],
        1,
      ]),
    ],
    '# HELP g a "quote", a \\\\ and\\na line\n# TYPE g gauge\ng{v="a \\"quote\\", a \\\\ and\\na line\r\t\0"} 1\n',
  )
})

test('non-finite values have the names of the format', () => {
  check(
    [
      metric(
        { name: 'g', type: 'GAUGE_DOUBLE', labelKeys: ['v'] },
        [['a'], Number.NaN],
        [['b'], Infinity],
        [['c'], -Infinity],
        [['d'], -0],
      ),
    ],
    '# TYPE g gauge\ng{v="a"} NaN\ng{v="b"} +Inf\ng{v="c"} -Inf\ng{v="d"} 0\n',
  )
})

test('a family without series is omitted, and a document without metrics is empty', () => {
  check([], '')
  check([metric({ name: 'g', type: 'GAUGE_DOUBLE', description: 'nothing yet' })], '')
})

test('a value that does not fit the type of its metric is omitted', () => {
  check([metric({ name: 'g', type: 'GAUGE_DOUBLE' }, [[], distribution([1], [0, 0], 0)])], '')
  check([metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], 1])], '')
})

test('the first of clashing families is written, the other is counted', () => {
  const counted = (): number =>
    [...(internalMetrics.get('tallyscope_prometheus_left_out_families_total')?.series.values() ?? [])].reduce(
      (sum, { count }) => sum + count.value,
      0,
    )
  const before = counted()
  check(
    [
      metric({ name: 'a.b', type: 'GAUGE_DOUBLE' }, [[], 1]),
      metric({ name: 'a_b', type: 'GAUGE_DOUBLE' }, [[], 2]),
      metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([1], [0, 0], 0)]),
      metric({ name: 'h/count', type: 'GAUGE_INT64' }, [[], 3]),
      metric({ name: 'c', type: 'GAUGE_INT64', labelKeys: ['x.y', 'x_y'] }, [['1', '2'], 3]),
    ],
    '# TYPE a_b gauge\na_b 1\n# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 0\nh_sum 0\nh_count 0\n',
  )
  expect(counted() - before).toBe(3)
})

test('a document parses to the same model with any label values', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', '"} 1\nevil 1', '\\', '\\n', '\uFEFF', '\u2028', '\uD800', '\0', '# EOF', ' # {'),
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(nasty, nasty), { selector: (pair) => JSON.stringify(pair.map((v) => v.toWellFormed())) }),
      (rows) => {
        const given = metric({ name: 'g', type: 'GAUGE_DOUBLE', labelKeys: ['__proto', 'b'] }, ...rows.map((row, i): Series => [row, i]))
        const samples = readText(formatText([given])).get('g')?.samples ?? []
        const expected = rows.map((row, i) => [Object.entries({ _proto: row[0], b: row[1] }).filter(([, v]) => v !== ''), i])
        const wellFormed = JSON.parse(JSON.stringify(expected), (_, v: unknown) =>
          typeof v === 'string' ? v.toWellFormed() : v,
        ) as unknown
        expect(samples.map(({ labels, value }) => [[...labels], value])).toEqual(wellFormed)
      },
    ),
  )
})

test('values of another kind than their family are omitted', () => {
  const summary = { kind: 'summary', count: 0, sum: 0, quantiles: [] } as const
  const buckets = distribution([1], [0, 0], 0)
  check(
    [
      metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], buckets], [[], summary]),
      metric({ name: 'g', type: 'GAUGE_INT64' }, [[], summary]),
      metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], summary]),
      metric({ name: 's', type: 'SUMMARY' }, [[], 1], [[], buckets]),
    ],
    '',
  )
})

test('the last point is written, a series without points is omitted, and missing buckets are empty', () => {
  const points = [1, 2].map((value) => ({ timeUnixMs: 1, value }))
  const { descriptor } = metric({ name: 'g', type: 'GAUGE_INT64', labelKeys: ['a'] })
  const timeSeries = [
    { labelValues: ['x'], points },
    { labelValues: ['y'], points: [] },
  ]
  check([{ descriptor, timeSeries }], '# TYPE g gauge\ng{a="x"} 2\n')
  check(
    [metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], { ...distribution([1, 2], [1], 0.5), count: 4 }])],
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 1\nh_bucket{le="+Inf"} 4\nh_sum 0.5\nh_count 4\n',
  )
})

test('the overflow label follows the other labels of its series', () => {
  const family = metric(
    { name: 'g', type: 'GAUGE_INT64', labelKeys: ['a'] },
    [['x'], 1, { overflow: true }],
    [[undefined], 2, { overflow: true }],
  )
  expect(formatText([family])).toBe('# TYPE g gauge\ng{a="x",tallyscope_overflow="true"} 1\ng{tallyscope_overflow="true"} 2\n')
})
