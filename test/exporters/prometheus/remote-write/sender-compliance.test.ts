import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RemoteWriteExporter, type RemoteWriteExporterOptions } from '../../../../src/exporters/prometheus/remote-write/index.js'
import type { DistributionValue, ExponentialValue, Metric } from '../../../../src/metrics/data/metric.js'
import { rawReceiver } from '../../sending/receiver.js'
import { distribution, metric } from '../format/metric-samples.js'
import { type WriteReceiver, writeReceiver, type WrittenRequest, type WrittenSeries } from './strict-receiver.js'

// The cases of the suite for senders in github.com/prometheus/compliance, by their names there. That suite scrapes text and looks at what
// the sender writes; here metrics take the place of text. What all cases have in common (headers, the block format of Snappy, the schema,
// symbols, sorted and distinct labels with legal names, samples or histograms but not both, times that rise) is checked by the strict
// receiver for each request.

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

interface Seen {
  readonly requests: readonly WrittenRequest[]
  readonly series: readonly WrittenSeries[]
  readonly version: 1 | 2
  readonly beganUnixMs: number
}
type Case = [name: string, metrics: readonly Metric[], check: (seen: Seen) => void]

const LONG = 'x'.repeat(10_240)
const gauge = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): Metric =>
  metric({ name, type: 'GAUGE_DOUBLE', labelKeys: Object.keys(labels) }, [Object.values(labels), value])
const counter = (name: string, value: number): Metric => metric({ name, type: 'CUMULATIVE_DOUBLE', exactName: true }, [[], value])
const histogram = (more: Partial<DistributionValue> = {}): Metric =>
  metric({ name: 'latency', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([1, 10], [1, 2, 3], 60, more)])
const summary = metric({ name: 'size', type: 'SUMMARY' }, [
  [],
  { kind: 'summary', count: 3, sum: 6, quantiles: [{ quantile: 0.5, value: 2 }] },
])
const exemplar = (attachments: Record<string, string>, value = 5) => ({ value, timeUnixMs: Date.now() - 5_000, attachments })
const native = (value: Partial<ExponentialValue>, count: number): Metric => {
  const none = { indexes: [], counts: [] }
  const exponential = { schema: 3, zeroThreshold: 0.5, zeroCount: 0, positive: none, negative: none, ...value }
  return metric({ name: 'native', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([], [count], 42, { count, exponential })])
}

const named = ({ series }: Seen, name: string): WrittenSeries => {
  const found = series.find(({ labels }) => labels['__name__'] === name)
  if (found === undefined) throw new Error(`no series ${name} among ${series.map(({ id }) => id).join(' ')}`)
  return found
}
const valueOf = (seen: Seen, name: string): number => named(seen, name).samples[0]!.value
const only = <T>(items: readonly T[]): T => {
  if (items.length !== 1) throw new Error(`${items.length} instead of one`)
  return items[0]!
}
const nativeOf = (seen: Seen) => only(named(seen, 'native').histograms)
/** Metadata of the family: on the series in 2.0, apart in 1.0. */
const metadataOf = (seen: Seen, family: string, series = family) =>
  seen.version === 2
    ? named(seen, series).metadata
    : seen.requests.flatMap(({ metadata }) => metadata).find(({ metricFamilyName }) => metricFamilyName === family)
const exemplarsOf = (seen: Seen) => seen.series.flatMap(({ exemplars }) => exemplars)

const samples: Case[] = (
  [
    ['float_value_encoding', 123.456],
    ['integer_value_encoding', 42],
    ['zero_value_encoding', 0],
    ['negative_value_encoding', -12.5],
    ['positive_infinity_encoding', Infinity],
    ['negative_infinity_encoding', -Infinity],
    ['nan_encoding', Number.NaN],
    ['large_float_values', 1.7976931348623157e308],
    ['small_float_values', 5e-324],
    ['scientific_notation', 1.23e-10],
    ['precision_preservation', 0.1 + 0.2],
  ] as const
).map(([name, value]): Case => {
  return [
    name,
    [gauge('test_metric', value)],
    (seen) => {
      expect(valueOf(seen, 'test_metric')).toBe(value)
      expect(named(seen, 'test_metric').samples[0]!.isStale).toBe(false)
    },
  ]
})

const labels: Case[] = (
  [
    ['label_lexicographic_ordering', { zzz: '3', aaa: '1', BBB: '2' }],
    ['reserved_label_prefix', { a_b: 'x' }],
    ['unicode_in_label_values', { city: '東京', emoji: '🚀', latin: 'Zürich' }],
    ['special_chars_in_label_values', { path: '/a?b=c&d', quoted: '"q"', slashed: 'a\\b', lines: 'a\nb' }],
    ['very_long_label_names', { [`l${'a'.repeat(200)}`]: 'v' }],
    ['very_long_label_values', { long: LONG }],
    ['many_labels_per_series', Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`label_${i}`, `${i}`]))],
  ] as const
).map(([name, given]): Case => {
  return [name, [gauge('test_metric', 1, given)], (seen) => expect(named(seen, 'test_metric').labels).toMatchObject(given)]
})

const CASES: Record<string, Case[]> = {
  samples: [
    ...samples,
    [
      'timestamp_milliseconds_format, timestamp_recent, future_timestamp',
      [gauge('a', 1)],
      (seen) => {
        const { timestamp } = named(seen, 'a').samples[0]!
        expect(Number.isInteger(timestamp)).toBe(true)
        expect(timestamp).toBeGreaterThanOrEqual(seen.beganUnixMs)
        expect(timestamp).toBeLessThan(seen.beganUnixMs + 60_000)
      },
    ],
    [
      'start_timestamp_for_counter, rw1_no_start_timestamp',
      [metric({ name: 'a', type: 'CUMULATIVE_INT64' }, [[], 3, { startTimeUnixMs: 1_700_000_000_000 }])],
      (seen) => expect(named(seen, 'a_total').samples[0]!.startTimestamp).toBe(seen.version === 2 ? 1_700_000_000_000 : 0),
    ],
  ],
  labels: [
    ...labels,
    [
      'metric_name_label_present, metric_name_format_valid, metric_name_with_colons',
      [counter('a:b:c_total', 1)],
      (seen) => valueOf(seen, 'a:b:c_total'),
    ],
    [
      'label_name_format_valid',
      [gauge('a', 1, { 'http.route': '/', '1st': 'x' })],
      (seen) => expect(named(seen, 'a').labels).toMatchObject({ http_route: '/' }),
    ],
    [
      'label_values_may_be_empty',
      [gauge('a', 1, { empty: '', full: 'x' })],
      (seen) => expect(named(seen, 'a').labels).not.toHaveProperty('empty'),
    ],
    [
      'job_label, instance_label',
      [gauge('a', 1)],
      (seen) => expect(named(seen, 'a').labels).toMatchObject({ job: 'shop', instance: 'a:1' }),
    ],
  ],
  histograms: [
    [
      'classic buckets, sum and count: histogram_count_present, histogram_sum_present, histogram_buckets_ordered',
      [histogram()],
      (seen) => {
        const buckets = seen.series.filter(({ labels: { __name__: name } }) => name === 'latency_bucket')
        expect(buckets.map(({ labels: { le }, samples: [sample] }) => [le, sample!.value])).toEqual([
          ['1', 1],
          ['10', 3],
          ['+Inf', 6],
        ])
        expect([valueOf(seen, 'latency_count'), valueOf(seen, 'latency_sum')]).toEqual([6, 60])
      },
    ],
    [
      'native_histogram_structure, histogram_positive_buckets, histogram_negative_buckets, histogram_zero_bucket, histogram_schema',
      [native({ zeroCount: 1, positive: { indexes: [1, 2, 5], counts: [3, 1, 4] }, negative: { indexes: [-2], counts: [2] } }, 11)],
      (seen) => {
        expect(nativeOf(seen)).toMatchObject({
          countInt: 11,
          sum: 42,
          schema: 3,
          zeroThreshold: 0.5,
          zeroCountInt: 1,
          positiveSpans: [
            { offset: 1, length: 2 },
            { offset: 2, length: 1 },
          ],
          positiveDeltas: [3, -2, 3],
          negativeSpans: [{ offset: -2, length: 1 }],
          negativeDeltas: [2],
        })
      },
    ],
    [
      'histogram_timestamp',
      [native({ zeroCount: 1 }, 1)],
      (seen) => expect(nativeOf(seen).timestamp).toBeGreaterThanOrEqual(seen.beganUnixMs),
    ],
    ['histogram_no_mixed_with_samples', [native({ zeroCount: 1 }, 1)], (seen) => expect(named(seen, 'native').samples).toEqual([])],
    ['histogram_empty_buckets', [native({}, 0)], (seen) => expect(nativeOf(seen)).toMatchObject({ countInt: 0, positiveDeltas: [] })],
    [
      'histogram_large_counts',
      [native({ positive: { indexes: [1, 2], counts: [2 ** 52, 1] } }, 2 ** 52 + 1)],
      (seen) => expect(nativeOf(seen)).toMatchObject({ countInt: 2 ** 52 + 1, positiveDeltas: [2 ** 52, 1 - 2 ** 52] }),
    ],
  ],
  metadata: [
    ...(
      [
        ['metadata_type_counter', counter('c_total', 1), 'c_total', 'c_total', 1],
        ['metadata_type_gauge', gauge('g', 1), 'g', 'g', 2],
        ['metadata_type_histogram', histogram(), 'latency', 'latency_count', 3],
        ['metadata_type_summary', summary, 'size', 'size_count', 5],
      ] as const
    ).map(([name, one, family, series, type]): Case => {
      return [
        name,
        [one],
        (seen) => expect(metadataOf(seen, seen.version === 1 && family === 'c_total' ? 'c_total' : family, series)).toMatchObject({ type }),
      ]
    }),
    ...['A help.', 'Two\nlines.', 'With "quotes", \\ and 🚀.', ''].map((description): Case => {
      const one = metric({ name: 'a', type: 'GAUGE_DOUBLE', description }, [[], 1])
      return [
        `metadata_help_text: ${JSON.stringify(description)}`,
        [one],
        (seen) => expect(metadataOf(seen, 'a')).toMatchObject({ help: description }),
      ]
    }),
    [
      'metadata_unit',
      [metric({ name: 'a', type: 'GAUGE_DOUBLE', unit: 's' }, [[], 1])],
      (seen) => expect(metadataOf(seen, 'a_seconds')).toMatchObject({ unit: 'seconds' }),
    ],
    [
      'metadata_consistent_across_series',
      [metric({ name: 'a', type: 'GAUGE_DOUBLE', description: 'same', labelKeys: ['k'] }, [['x'], 1], [['y'], 2])],
      (seen) => {
        if (seen.version === 2) expect(new Set(seen.series.map(({ metadata }) => JSON.stringify(metadata))).size).toBe(1)
        expect(metadataOf(seen, 'a')).toMatchObject({ help: 'same' })
      },
    ],
  ],
  exemplars: [
    ...[{ trace_id: 'abc123' }, { span_id: 'def456' }, { trace_id: 'abc123', user: 'u1' }].map((attachments): Case => {
      const one = histogram({ exemplars: [undefined, exemplar(attachments)] })
      return [
        `exemplar with ${Object.keys(attachments).join(', ')}: exemplar_value_valid, exemplar_timestamp_valid, exemplar_labels_valid_refs`,
        [one],
        (seen) => {
          const found = only(exemplarsOf(seen))
          expect(found).toMatchObject({ labels: attachments, value: 5 })
          expect(found.timestamp).toBeGreaterThan(seen.beganUnixMs - 60_000)
        },
      ]
    }),
    [
      'exemplar_on_histogram, multiple_exemplars_per_series',
      [histogram({ exemplars: [exemplar({ trace_id: 'a' }, 0.5), exemplar({ trace_id: 'b' }), undefined] })],
      (seen) => expect(exemplarsOf(seen).map(({ value }) => value)).toEqual([0.5, 5]),
    ],
  ],
  combined: [
    [
      'multiple_metric_types, complete_metric_family, mixed_sample_and_histogram_families, real_world_scenario',
      [gauge('g', 1), counter('c_total', 2), histogram(), summary, native({ zeroCount: 1 }, 1)],
      (seen) => {
        const names = new Set(seen.series.map(({ labels: { __name__: name } }) => name))
        const all = ['g', 'c_total', 'latency_bucket', 'latency_sum', 'latency_count', 'size', 'size_sum', 'size_count', 'native']
        expect([...names].sort()).toEqual([...all].sort())
      },
    ],
    ['empty_scrape', [], (seen) => expect(seen.requests).toEqual([])],
    [`very_long_metric_name`, [gauge(`a${'b'.repeat(240)}`, 1)], (seen) => expect(seen.series).toHaveLength(1)],
    [
      'many_timeseries, batch_size_reasonable, multiple_series_per_request, high_cardinality, efficient_symbol_reuse',
      [
        metric(
          { name: 'a', type: 'GAUGE_DOUBLE', labelKeys: ['n'] },
          ...Array.from({ length: 5_000 }, (_, i) => [[`v${i}`], i] as [string[], number]),
        ),
      ],
      (seen) => {
        expect(new Set(seen.series.map(({ id }) => id)).size).toBe(5_000)
        const batches = seen.requests.filter(({ series }) => series.length > 0)
        expect(batches.map(({ series }) => series.length)).toEqual([2_000, 2_000, 1_000])
        // Each label value once, beside what all series share.
        if (seen.version === 2) for (const { symbols, series } of batches) expect(symbols.length).toBeLessThan(series.length + 20)
      },
    ],
  ],
}

async function written(version: 1 | 2, metrics: readonly Metric[]): Promise<Seen & { faults: readonly string[] }> {
  const receiver = await writeReceiver([version])
  const options = { version, job: 'shop', instance: 'a:1', staleOnShutdown: false, nativeHistograms: true }
  const exporter = new RemoteWriteExporter({ url: receiver.url, ...options })
  const beganUnixMs = Math.floor(Date.now())
  await exporter.export(metrics)
  await exporter.shutdown()
  const requests = receiver.written
  return { requests, series: requests.flatMap(({ series }) => series), version, beganUnixMs, faults: receiver.faults }
}

describe.each([1, 2] as const)('remote write %d.0', (version) => {
  for (const [group, cases] of Object.entries(CASES)) {
    test.each(cases)(`${group}: %s`, async (_, metrics, check) => {
      const seen = await written(version, metrics)
      expect(seen.faults).toEqual([])
      check(seen)
    })
  }

  // retry, backoff, response and error handling
  const BEHAVIOUR: readonly [name: string, answers: readonly number[], requests: number, isTaken: boolean][] = [
    ['no_retry_on_400', [400], 1, false],
    ['no_retry_on_401', [401], 1, false],
    ['no_retry_on_404', [404], 1, false],
    ['no_retry_on_413', [413], 1, false],
    ['may_retry_on_429', [429, 204], 2, true],
    ['retry_on_500', [500, 204], 2, true],
    ['retry_on_502', [502, 204], 2, true],
    ['retry_on_503', [503, 204], 2, true],
    ['retry_on_504', [504, 204], 2, true],
    ['handle_invalid_status_code', [599, 204], 2, true],
    ['handle_204_no_content', [204], 1, true],
    ['handle_200_ok, ignore_response_body_on_success', [200], 1, true],
  ]
  test.each(BEHAVIOUR)('%s', async (_, answers, requests, isTaken) => {
    const receiver = await answering(version, answers)
    const exporting = exportOnce(receiver, { version })
    if (isTaken) await exporting
    else await expect(exporting).rejects.toMatchObject({ code: 'ERR_REMOTE_WRITE_FAILED', retryable: false })
    expect(receiver.requests).toHaveLength(requests)
    for (const { body } of receiver.requests) expect(body).toEqual(receiver.requests[0]!.body)
  })

  test('log_error_messages_verbatim, handle_large_error_response: the message is in the error, at most a part of a long one', async () => {
    for (const [text, shown] of [
      ['out of order sample: a{b="c"}', 'out of order sample: a{b="c"}'],
      [`why: ${LONG}`, 'why: xxx'],
    ] as const) {
      const receiver = await writeReceiver([version], (response) => (response.writeHead(400).end(text), true))
      const error = await exportOnce(receiver, { version }).catch((reason: Error) => reason)
      expect((error as Error).message).toContain(shown)
      expect((error as Error).message.length).toBeLessThan(2_000)
    }
  })

  test('exponential_backoff_on_retries, backoff_required, backoff_with_jitter', async () => {
    const times: number[] = []
    const receiver = await writeReceiver([version], (response) => {
      times.push(performance.now())
      response.writeHead(503).end()
      return true
    })
    await exportOnce(receiver, { version, random: () => 0 }, 5_000).catch(() => {})
    const pauses = times.slice(1).map((ms, at) => ms - times[at]!)
    expect(pauses).toHaveLength(2)
    for (const [at, leastMs] of [800, 1_600].entries()) expect(pauses[at]).toBeGreaterThan(leastMs - 5) // timers count whole milliseconds
  }, 10_000)
})

test('sender_continues_after_errors, handle_malformed_response, handle_partial_write, handle_empty_response', async () => {
  const answers = ['garbage\r\n\r\n', '', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n']
  let n = 0
  const url = await rawReceiver((socket) => void socket.once('data', () => socket.end(answers[Math.min(n++, 2)]!)))
  const exporter = new RemoteWriteExporter({ url, staleOnShutdown: false, metadata: false, random: () => 0 })
  const context = { timeUnixMs: Date.now(), timeoutMs: 500, signal: new AbortController().signal, isLast: false }
  for (let i = 0; i < 2; i++) await expect(exporter.exportFamilies([gauge('a', i)], context)).rejects.toMatchObject({ retryable: true })
  await exporter.exportFamilies([gauge('a', 2)], context)
  await exporter.shutdown()
})

function answering(version: 1 | 2, statuses: readonly number[]): Promise<WriteReceiver> {
  return writeReceiver([version], (response, n) => {
    const status = statuses[Math.min(n, statuses.length - 1)]!
    if (status >= 200 && status < 300) response.statusCode = status
    else response.writeHead(status)
    if (status >= 200 && status < 300) response.setHeader('x-prometheus-remote-write-samples-written', '1')
    response.end(status === 200 ? 'some text' : undefined)
    return true
  })
}

async function exportOnce(receiver: { url: string }, options: Partial<RemoteWriteExporterOptions>, timeoutMs = 2_000): Promise<void> {
  const common = { metadata: false, staleOnShutdown: false, random: () => 0 }
  const exporter = new RemoteWriteExporter({ url: receiver.url, ...common, ...options })
  const context = { timeUnixMs: Date.now(), timeoutMs, signal: new AbortController().signal, isLast: false }
  try {
    await exporter.exportFamilies([gauge('a', 1)], context)
  } finally {
    await exporter.shutdown()
  }
}
