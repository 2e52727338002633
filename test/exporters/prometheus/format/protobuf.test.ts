import { expect, test } from 'vitest'
import { protobufEncoder } from '../../../../src/exporters/prometheus/format/protobuf.js'
import { ExponentialHistogram } from '../../../../src/metrics/histograms/exponential-histogram.js'
import type { ExponentialValue, Metric } from '../../../../src/metrics/data/metric.js'
import { distribution as distribute, lastValue, sum } from '../../../../src/stats/views/aggregation.js'
import { Stats } from '../../../../src/stats/stats.js'
import { bytesOf, distribution, metric } from './metric-samples.js'
import { type ProtobufHistogram, readProtobuf } from './read-protobuf.js'

const read = async (...metrics: Metric[]) => readProtobuf(await bytesOf(protobufEncoder.encode(metrics)))

const startTimeUnixMs = 1_700_000_000_123.5
const created = { seconds: 1_700_000_000, nanos: 123_500_000 }

test('every type has its message', async () => {
  const families = await read(
    metric({ name: 'shop/requests', type: 'CUMULATIVE_INT64', description: 'Requests\n"served"', labelKeys: ['http.method', 'route'] }, [
      ['GET', undefined],
      3,
      { startTimeUnixMs, exemplar: { value: 1, timeUnixMs: 2_500, attachments: { trace_id: 'x' } } },
    ]),
    metric({ name: 'free', type: 'GAUGE_INT64', unit: 'By' }, [[], Number.NaN]),
    metric({ name: 'build', type: 'INFO', labelKeys: ['version'] }, [['ü"\n'], 1]),
    metric({ name: 'wait', type: 'SUMMARY' }, [
      [],
      { kind: 'summary', count: 2, sum: 3.5, quantiles: [{ quantile: 0.5, value: Number.NaN }] },
      { startTimeUnixMs },
    ]),
  )
  expect([...families.values()]).toEqual([
    { name: 'build_info', type: 'GAUGE', metric: [{ label: [{ name: 'version', value: 'ü"\n' }], gauge: { value: 1 } }] },
    { name: 'free_bytes', type: 'GAUGE', unit: 'bytes', metric: [{ label: [], gauge: { value: Number.NaN } }] },
    {
      name: 'shop_requests_total',
      help: 'Requests\n"served"',
      type: 'COUNTER',
      metric: [
        {
          label: [{ name: 'http_method', value: 'GET' }],
          counter: {
            value: 3,
            exemplar: { label: [{ name: 'trace_id', value: 'x' }], value: 1, timestamp: { seconds: 2, nanos: 500_000_000 } },
            createdTimestamp: created,
          },
        },
      ],
    },
    {
      name: 'wait',
      type: 'SUMMARY',
      metric: [
        {
          label: [],
          summary: { sampleCount: 2, sampleSum: 3.5, quantile: [{ quantile: 0.5, value: Number.NaN }], createdTimestamp: created },
        },
      ],
    },
  ])
})

test('a histogram has cumulative buckets up to +Inf with their exemplars', async () => {
  const value = distribution([-1, 2], [1, 0, 4], -3.5, { exemplars: [undefined, undefined, { value: 7, timeUnixMs: 0, attachments: {} }] })
  const families = await read(metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value, { startTimeUnixMs }]))
  expect(families.get('h')?.metric[0]?.histogram).toMatchObject({
    sampleCount: 5,
    sampleSum: -3.5,
    bucket: [
      { cumulativeCount: 1, upperBound: -1 },
      { cumulativeCount: 1, upperBound: 2 },
      { cumulativeCount: 5, upperBound: Infinity, exemplar: { label: [], value: 7, timestamp: {} } },
    ],
    createdTimestamp: created,
  })
})

test('counts up to 2^53 and strings of any length are written completely', async () => {
  for (const count of [0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1]) {
    const families = await read(metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([], [count], 0)]))
    expect(families.get('h')?.metric[0]?.histogram?.sampleCount).toBe(count)
  }
  for (const length of [1, 63, 64, 127, 128, 300, 16_384, 100_000]) {
    for (const character of ['a', 'é', '😀']) {
      const text = character.repeat(length)
      const families = await read(metric({ name: 'g', type: 'GAUGE_INT64', description: text, labelKeys: ['a'] }, [[text], 1], [['b'], 2]))
      expect(families.get('g')?.help).toBe(text)
      expect(families.get('g')?.metric.map(({ label }) => label[0]?.value)).toEqual([text, 'b'])
    }
  }
})

test('a family without metrics is omitted', async () => {
  const fits = metric({ name: 'b', type: 'GAUGE_INT64' }, [[], 1])
  const families = await read(metric({ name: 'a', type: 'GAUGE_INT64' }), fits, metric({ name: 'c', type: 'SUMMARY' }, [[], 1]))
  expect([...families.keys()]).toEqual(['b'])
})

/** The counts by index that a reader makes of spans and deltas. */
function buckets(spans: ProtobufHistogram['positiveSpan'], deltas: readonly number[]): [number, number][] {
  const found: [number, number][] = []
  let index = 0
  let count = 0
  let next = 0
  spans.forEach(({ offset, length }, i) => {
    expect(i === 0 || offset >= 0).toBe(true)
    index += offset
    for (let k = 0; k < length; k++) found.push([index++, (count += deltas[next++]!)])
  })
  expect(next).toBe(deltas.length)
  return found
}

async function native(exponential: ExponentialValue): Promise<ProtobufHistogram> {
  const count = [exponential.zeroCount, ...exponential.positive.counts, ...exponential.negative.counts].reduce((a, b) => a + b)
  const families = await read(
    metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([1], [count, 0], 5, { exponential })]),
  )
  return families.get('h')!.metric[0]!.histogram!
}

test('exponential buckets become spans and deltas of a native histogram, beside the classic buckets', async () => {
  const histogram = new ExponentialHistogram({ schema: 2 })
  for (const value of [0, 0.001, 0.9, 1, 1, 1.1, 1.3, 8, 9, -3, -1000, -1001]) histogram.record(value)
  const value = histogram.value()
  const written = await native(value)
  expect(written).toMatchObject({
    schema: 2,
    zeroThreshold: 2 ** -128,
    zeroCount: 1,
    bucket: [{ upperBound: 1 }, { upperBound: Infinity }],
  })
  const pairs = ({ indexes, counts }: ExponentialValue['positive']) => indexes.map((index, i) => [index, counts[i]])
  expect(buckets(written.positiveSpan, written.positiveDelta)).toEqual(pairs(value.positive))
  expect(buckets(written.negativeSpan, written.negativeDelta)).toEqual(pairs(value.negative))
})

test('adjacent buckets share a span, and the first index may be negative', async () => {
  const written = await native({
    schema: -4,
    zeroThreshold: 0.5,
    zeroCount: 7,
    positive: { indexes: [-3, -2, -1, 4, 5], counts: [1, 3, 2, 2, 10] },
    negative: { indexes: [], counts: [] },
  })
  expect(written).toMatchObject({
    schema: -4,
    positiveSpan: [
      { offset: -3, length: 3 },
      { offset: 4, length: 2 },
    ],
    positiveDelta: [1, 2, -1, 0, 8],
    negativeSpan: [],
    negativeDelta: [],
  })
})

test('an empty native histogram without a zero bucket is marked by an empty span', async () => {
  const none = { indexes: [], counts: [] }
  const empty = { schema: 0, zeroCount: 0, positive: none, negative: none }
  expect((await native({ ...empty, zeroThreshold: 0 })).positiveSpan).toEqual([{ offset: 0, length: 0 }])
  expect((await native({ ...empty, zeroThreshold: 1e-9 })).positiveSpan).toEqual([])
})

test('exemplars of a native histogram have timestamps', async () => {
  const exemplar = (value: number, timeUnixMs: number) => ({ value, timeUnixMs, attachments: { trace_id: 'x' } })
  const value = distribution([1], [2, 2], 5, {
    exponential: new ExponentialHistogram().value(),
    exemplars: [exemplar(0.5, 1_000), exemplar(2, Number.NaN)],
  })
  const families = await read(metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value]))
  expect(families.get('h')?.metric[0]?.histogram?.exemplars).toMatchObject([{ value: 0.5, timestamp: { seconds: 1 } }])
})

test('rows of an engine have the recorded labels, buckets and exemplars', async () => {
  const stats = new Stats({ clock: { unixMs: () => 1_700_000_000_123, monotonicMs: () => 0 }, limits: { rowsPerView: 2 } })
  const measure = stats.measure('m', { tagKeys: ['a', 'b'] })
  const tagKeys = ['a', 'b'] as const
  stats.viewManager.registerView({ name: 'd', measure, tagKeys, aggregation: distribute([1, 2]) })
  stats.viewManager.registerView({ name: 'c', measure, tagKeys, aggregation: sum() })
  stats.viewManager.registerView({ name: 'g', measure, tagKeys, aggregation: lastValue() })
  for (const [value, a] of [
    [0.5, 'x'],
    [1.5, 'x'],
    [3, 'x'],
    [2, 'y'],
    [9, 'z'],
  ] as const) {
    stats.record(measure, value, { a, b: `b${a}` }, { trace_id: `${value}` })
  }
  const families = readProtobuf(await bytesOf(protobufEncoder.encode(stats.getFamilies())))
  const labels = [{ a: 'x', b: 'bx' }, { a: 'y', b: 'by' }, { tallyscope_overflow: 'true' }].map((one) =>
    Object.entries(one).map(([name, value]) => ({ name, value })),
  )
  expect([...families.values()].map(({ name, type }) => [name, type])).toEqual([
    ['c_total', 'COUNTER'],
    ['d', 'HISTOGRAM'],
    ['g', 'GAUGE'],
  ])
  for (const { metric } of families.values()) expect(metric.map(({ label }) => label)).toEqual(labels)
  const values = (name: string) => families.get(name)!.metric.map(({ counter, gauge }) => (counter ?? gauge)?.value)
  expect(values('c_total')).toEqual([5, 2, 9])
  expect(values('g')).toEqual([3, 2, 9])
  const [x, y] = families.get('d')!.metric
  expect(x!.histogram).toMatchObject({ sampleCount: 3, sampleSum: 5, createdTimestamp: { seconds: 1_700_000_000, nanos: 123_000_000 } })
  const counts = (histogram: ProtobufHistogram) =>
    histogram.bucket.map(({ upperBound, cumulativeCount, exemplar }) => [upperBound, cumulativeCount, exemplar?.label[0]?.value])
  expect(counts(x!.histogram!)).toEqual([
    [1, 1, '0.5'],
    [2, 2, '1.5'],
    [Infinity, 3, '3'],
  ])
  expect(counts(y!.histogram!)).toEqual([
    [1, 0, undefined],
    [2, 1, '2'],
    [Infinity, 1, undefined],
  ])
})

test('an exemplar outside of its bucket is omitted', async () => {
  const exemplar = (value: number) => ({ value, timeUnixMs: 1_000, attachments: {} })
  const kept = async (...values: number[]) => {
    const value = distribution([1, 2], [1, 1, 1], 5, { exemplars: values.map(exemplar) })
    const families = await read(metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value]))
    return families.get('h')!.metric[0]!.histogram!.bucket.map((bucket) => bucket.exemplar?.value)
  }
  expect(await kept(1, 2, 3)).toEqual([1, 2, 3])
  expect(await kept(1.5, 1, 2)).toEqual([undefined, undefined, undefined])
  expect(await kept(-5, 1.5, 2.5)).toEqual([-5, 1.5, 2.5])
})

test('times before 1970 and invalid times are omitted', async () => {
  const family = metric(
    { name: 'c', type: 'CUMULATIVE_INT64', labelKeys: ['a'] },
    [['0'], 1, { startTimeUnixMs: 0 }],
    [['-1'], 1, { startTimeUnixMs: -1 }],
    [['NaN'], 1, { startTimeUnixMs: Number.NaN }],
    [['none'], 1],
  )
  const families = await read(family)
  const times = families.get('c_total')!.metric.map(({ counter }) => counter?.createdTimestamp !== undefined)
  expect(times).toEqual([true, false, false, false])
})

test('the last point is written, missing buckets are empty, and only an overflow row is marked', async () => {
  const points = [1, 2].map((value) => ({ timeUnixMs: 1, value }))
  const { descriptor } = metric({ name: 'g', type: 'GAUGE_INT64', labelKeys: ['a'] })
  const timeSeries = [
    { labelValues: ['x'], points, overflow: false },
    { labelValues: ['y'], points: [] },
    { labelValues: [undefined], points, overflow: true },
  ]
  const short = metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [[], { ...distribution([1, 2, 3], [1], 0.5), count: 4 }])
  const families = await read({ descriptor, timeSeries }, short)
  expect(families.get('g')!.metric).toEqual([
    { label: [{ name: 'a', value: 'x' }], gauge: { value: 2 } },
    { label: [{ name: 'tallyscope_overflow', value: 'true' }], gauge: { value: 2 } },
  ])
  expect(families.get('h')!.metric[0]!.histogram!.bucket.map(({ cumulativeCount }) => cumulativeCount)).toEqual([1, 1, 1, 4])
})
