import { expect, test } from 'vitest'
import { internalMetrics } from '../../../../src/base/internal-metrics.js'
import { formatOpenMetrics } from '../../../../src/exporters/prometheus/format/openmetrics-text.js'
import type { Exemplar, Metric } from '../../../../src/metrics/data/metric.js'
import { distribution, metric } from './metric-samples.js'
import { readOpenMetrics } from './strict-openmetrics-reader.js'

function check(metrics: Metric[], expected: string, created = false): void {
  const text = formatOpenMetrics(metrics, { created })
  expect(text).toBe(expected)
  readOpenMetrics(text)
}

const exemplar = (value: number, attachments: Record<string, string>, timeUnixMs = 1_700_000_000_123): Exemplar => ({
  value,
  timeUnixMs,
  attachments,
})
const since = { startTimeUnixMs: 1_699_999_999_500 }

test('every type has its lines', () => {
  check(
    [
      metric(
        { name: 'shop/requests', type: 'CUMULATIVE_INT64', description: 'Requests "served"', labelKeys: ['route'] },
        [['/'], 3],
        [[undefined], 4],
      ),
      metric({ name: 'queue/depth', type: 'GAUGE_DOUBLE' }, [[], -2.5]),
      metric(
        { name: 'shop/latency', type: 'CUMULATIVE_DISTRIBUTION', unit: 's', description: 'Time', labelKeys: ['m'] },
        [['GET'], distribution([0.00001, 1, 1e6], [1, 0, 2, 1], 12.5)],
        [[undefined], distribution([0.00001, 1, 1e6], [0, 0, 0, 7], 7e6), { overflow: true }],
      ),
      metric({ name: 'shop/wait', type: 'SUMMARY', unit: 'ms' }, [
        [],
        {
          kind: 'summary',
          count: 2,
          sum: 3,
          quantiles: [0, 0.5, 1].map((quantile) => ({ quantile, value: quantile === 1 ? Number.NaN : quantile })),
        },
      ]),
      metric({ name: 'build', type: 'INFO', description: 'Version', labelKeys: ['version'] }, [['1.2.3'], 1]),
      metric(
        { name: 'door', type: 'STATE_SET', labelKeys: ['house', 'state'] },
        [['a', 'open'], 1],
        [['b', 'open'], 0],
        [['a', 'shut'], 0],
        [['b', 'shut'], 1],
      ),
      metric({ name: 'bridged', type: 'CUMULATIVE_INT64', exactName: true }, [[], 1]),
      metric({ name: 'free/space', type: 'GAUGE_INT64', unit: 'By', description: 'A \\ and\na line' }, [[], 1]),
    ],
    `# TYPE bridged unknown
bridged 1
# TYPE build info
# HELP build Version
build_info{version="1.2.3"} 1
# TYPE door stateset
door{house="a",door="open"} 1
door{house="a",door="shut"} 0
door{house="b",door="open"} 0
door{house="b",door="shut"} 1
# TYPE free_space_bytes gauge
# UNIT free_space_bytes bytes
# HELP free_space_bytes A \\\\ and\\na line
free_space_bytes 1
# TYPE queue_depth gauge
queue_depth -2.5
# TYPE shop_latency_seconds histogram
# UNIT shop_latency_seconds seconds
# HELP shop_latency_seconds Time
shop_latency_seconds_bucket{m="GET",le="1e-05"} 1
shop_latency_seconds_bucket{m="GET",le="1.0"} 1
shop_latency_seconds_bucket{m="GET",le="1e+06"} 3
shop_latency_seconds_bucket{m="GET",le="+Inf"} 4
shop_latency_seconds_sum{m="GET"} 12.5
shop_latency_seconds_count{m="GET"} 4
shop_latency_seconds_bucket{tallyscope_overflow="true",le="1e-05"} 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="1.0"} 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="1e+06"} 0
shop_latency_seconds_bucket{tallyscope_overflow="true",le="+Inf"} 7
shop_latency_seconds_sum{tallyscope_overflow="true"} 7000000
shop_latency_seconds_count{tallyscope_overflow="true"} 7
# TYPE shop_requests counter
# HELP shop_requests Requests \\"served\\"
shop_requests_total{route="/"} 3
shop_requests_total 4
# TYPE shop_wait_milliseconds summary
# UNIT shop_wait_milliseconds milliseconds
shop_wait_milliseconds{quantile="0.0"} 0
shop_wait_milliseconds{quantile="0.5"} 0.5
shop_wait_milliseconds{quantile="1.0"} NaN
shop_wait_milliseconds_sum 3
shop_wait_milliseconds_count 2
# EOF
`,
  )
})

test('a document without metrics is only its end mark', () => {
  check([], '# EOF\n')
  check([metric({ name: 'g', type: 'GAUGE_DOUBLE', description: 'nothing yet' })], '# EOF\n')
})

test('a name equal to its unit has no UNIT line', () => {
  check([metric({ name: 'seconds', type: 'GAUGE_DOUBLE', unit: 's' }, [[], 1])], '# TYPE seconds gauge\nseconds 1\n# EOF\n')
})

test('start times follow the samples of counters, histograms and summaries on request', () => {
  check(
    [
      metric({ name: 'c', type: 'CUMULATIVE_INT64', labelKeys: ['a'] }, [['x'], 1, since], [['y'], 2]),
      metric({ name: 'g', type: 'GAUGE_INT64' }, [[], 1, since]),
      metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([], [2], 3), since]),
      metric({ name: 's', type: 'SUMMARY' }, [[], { kind: 'summary', count: 0, sum: 0, quantiles: [] }, since]),
    ],
    `# TYPE c counter
c_total{a="x"} 1
c_created{a="x"} 1699999999.5
c_total{a="y"} 2
# TYPE g gauge
g 1
# TYPE h histogram
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
h_created 1699999999.5
# TYPE s summary
s_sum 0
s_count 0
s_created 1699999999.5
# EOF
`,
    true,
  )
})

test('exemplars follow counters and buckets', () => {
  const value = distribution([1, 2], [1, 0, 1], 5.5, {
    exemplars: [
      exemplar(0.5, { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7' }),
      undefined,
      exemplar(5, {}, Number.NaN),
    ],
  })
  check(
    [
      metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], 1, { exemplar: exemplar(1, { user: 'a "b"\n\\' }) }]),
      metric({ name: 'g', type: 'GAUGE_INT64' }, [[], 1, { exemplar: exemplar(1, {}) }]),
      metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value]),
    ],
    `# TYPE c counter
c_total 1 # {user="a \\"b\\"\\n\\\\"} 1 1700000000.123
# TYPE g gauge
g 1
# TYPE h histogram
h_bucket{le="1.0"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 0.5 1700000000.123
h_bucket{le="2.0"} 1
h_bucket{le="+Inf"} 2 # {} 5
h_sum 5.5
h_count 2
# EOF
`,
  )
})

test('an exemplar that parsers would reject is omitted and counted, and its sample is kept', () => {
  const series = internalMetrics.get('tallyscope_prometheus_left_out_exemplars_total')!.series
  const counted = () => ['label_name', 'too_long', 'outside_bucket'].map((reason) => series.get(JSON.stringify([reason]))!.count.value)
  const before = counted()
  const with128 = { a: '😀'.repeat(127) }
  const wrong = [{ 'trace-id': 'x' }, { __name__: 'x' }, { a: '😀'.repeat(128) }]
  for (const attachments of wrong) {
    check(
      [metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], 1, { exemplar: exemplar(1, attachments) }])],
      '# TYPE c counter\nc_total 1\n# EOF\n',
    )
  }
  for (const value of [1, 2.5, Number.NaN]) {
    const outside = distribution([1, 2], [0, 1, 0], 1, { exemplars: [undefined, exemplar(value, {}), undefined] })
    expect(formatOpenMetrics([metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], outside])])).not.toContain('# {')
  }
  expect(counted().map((count, i) => count - before[i]!)).toEqual([2, 1, 3])
  expect(formatOpenMetrics([metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], 1, { exemplar: exemplar(1, with128) }])])).toContain('# {')
})

test('samples that the specification forbids are omitted', () => {
  check(
    [
      metric({ name: 'c', type: 'CUMULATIVE_DOUBLE', labelKeys: ['a'] }, [['x'], Number.NaN], [['y'], -1], [['z'], 1]),
      metric({ name: 'i', type: 'INFO' }, [[], 2]),
      metric({ name: 'st', type: 'STATE_SET', labelKeys: ['state'] }, [['a'], 0.5], [['b'], 1], [[''], 1]),
      metric({ name: 'su', type: 'SUMMARY' }, [[], { kind: 'summary', count: 1, sum: -1, quantiles: [{ quantile: 0.5, value: -1 }] }]),
      metric({ name: 'h1', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([-1, 1], [1, 0, 0], -5)]),
      metric({ name: 'h2', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([1], [1, 0], -5)]),
    ],
    `# TYPE c counter
c_total{a="z"} 1
# TYPE h1 histogram
h1_bucket{le="-1.0"} 1
h1_bucket{le="1.0"} 1
h1_bucket{le="+Inf"} 1
# TYPE h2 histogram
h2_bucket{le="1.0"} 1
h2_bucket{le="+Inf"} 1
# TYPE st stateset
st{st="b"} 1
# TYPE su summary
su_count 1
# EOF
`,
  )
})

test('negative zero and its rounding errors are not below zero', () => {
  check(
    [
      metric({ name: 'c', type: 'CUMULATIVE_DOUBLE', labelKeys: ['a'] }, [['x'], 0], [['y'], 0.5], [['z'], -0.5]),
      metric({ name: 'h1', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([0, 1], [1, 0, 0], 0)]),
      metric({ name: 'h2', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([-0.5, 1], [0, 1, 0], 0.5)]),
      metric({ name: 'h3', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([], [1], -0.5)]),
    ],
    `# TYPE c counter
c_total{a="x"} 0
c_total{a="y"} 0.5
# TYPE h1 histogram
h1_bucket{le="0.0"} 1
h1_bucket{le="1.0"} 1
h1_bucket{le="+Inf"} 1
h1_sum 0
h1_count 1
# TYPE h2 histogram
h2_bucket{le="-0.5"} 0
h2_bucket{le="1.0"} 1
h2_bucket{le="+Inf"} 1
# TYPE h3 histogram
h3_bucket{le="+Inf"} 1
# EOF
`,
  )
})

test('values of another type than their family are omitted with their start times', () => {
  const summary = { kind: 'summary', count: 0, sum: 0, quantiles: [] } as const
  const buckets = distribution([1], [0, 0], 0)
  check(
    [
      metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], buckets, since], [[], summary, since], [[], -1, since]),
      metric({ name: 'g', type: 'GAUGE_INT64' }, [[], buckets], [[], summary]),
      metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], 1, since], [[], summary, since]),
      metric({ name: 's', type: 'SUMMARY' }, [[], 1, since], [[], buckets, since]),
    ],
    '# EOF\n',
    true,
  )
})

test('the last point of a series is written, and a series without points is omitted', () => {
  const points = [
    { timeUnixMs: 1, value: 1 },
    { timeUnixMs: 2, value: 2 },
  ]
  const { descriptor } = metric({ name: 'g', type: 'GAUGE_INT64', labelKeys: ['a'] })
  const timeSeries = [
    { labelValues: ['x'], points },
    { labelValues: ['y'], points: [] },
  ]
  check([{ descriptor, timeSeries }], '# TYPE g gauge\ng{a="x"} 2\n# EOF\n')
})

test('missing buckets are empty', () => {
  const value = { ...distribution([1, 2, 3], [1], 0.5), count: 4 }
  const text = formatOpenMetrics([metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value])])
  expect(text.match(/\} \d+/g)).toEqual(['} 1', '} 1', '} 1', '} 4'])
})

test('an exemplar on the upper bound is inside its bucket, one on the lower bound is not', () => {
  const exemplars = [exemplar(1, {}), exemplar(1, {}), exemplar(3, {})]
  const value = distribution([1, 2], [1, 1, 1], 5, { exemplars })
  const text = formatOpenMetrics([metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value])])
  expect(text.split('\n').filter((line) => line.includes('# {'))).toEqual([
    'h_bucket{le="1.0"} 1 # {} 1 1700000000.123',
    'h_bucket{le="+Inf"} 3 # {} 3 1700000000.123',
  ])
})

test('start times are written only on request', () => {
  const counter = [metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], 1, since])]
  expect(formatOpenMetrics(counter)).not.toContain('c_created')
  expect(formatOpenMetrics(counter, {})).not.toContain('c_created')
  expect(formatOpenMetrics(counter, { created: true })).toContain('c_created 1699999999.5\n')
})

test('an info metric whose exact name lacks its suffix is a gauge', () => {
  check([metric({ name: 'build', type: 'INFO', exactName: true }, [[], 1])], '# TYPE build gauge\nbuild 1\n# EOF\n')
})

test('omitted exemplars are counted by reason; one without a lower bound belongs to the first bucket', () => {
  const family = internalMetrics.get('tallyscope_prometheus_left_out_exemplars_total')!
  expect(family).toMatchObject({ type: 'counter', unit: '1', labelKeys: ['reason'] })
  expect(family.description).toMatch(/^Exemplars left out/)
  const value = distribution([1], [1, 0], 0.5, { exemplars: [exemplar(-Infinity, {}), undefined] })
  const text = formatOpenMetrics([metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value])])
  expect(text).toContain('h_bucket{le="1.0"} 1 # {} -Inf 1700000000.123\n')
})

test('state sets with and without other labels keep the first row of each state', () => {
  check(
    [metric({ name: 'st', type: 'STATE_SET', labelKeys: ['a', 'state'] }, [[undefined, 'on'], 1], [['x', 'on'], 0], [['x', undefined], 1])],
    '# TYPE st stateset\nst{st="on"} 1\nst{a="x",st="on"} 0\n# EOF\n',
  )
})

test('states of one set are grouped, also if an unset label is written in two ways; other series keep their order', () => {
  const labelKeys = ['house', 'door']
  const series: [(string | undefined)[], number][] = [
    [[undefined, 'open'], 1],
    [['a', 'open'], 1],
    [['', 'shut'], 0],
    [['a', 'shut'], 0],
  ]
  const lines = (type: 'STATE_SET' | 'GAUGE_INT64') =>
    formatOpenMetrics([metric({ name: 'door', type, labelKeys }, ...series)]).match(/^door.*/gm)
  expect(lines('STATE_SET')).toEqual([
    'door{door="open"} 1',
    'door{door="shut"} 0',
    'door{house="a",door="open"} 1',
    'door{house="a",door="shut"} 0',
  ])
  expect(lines('GAUGE_INT64')).toEqual([
    'door{door="open"} 1',
    'door{house="a",door="open"} 1',
    'door{door="shut"} 0',
    'door{house="a",door="shut"} 0',
  ])
})
