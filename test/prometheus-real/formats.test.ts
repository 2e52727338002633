import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { type MetricsEndpoint, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { ExponentialHistogram } from '../../src/metrics/histograms/exponential-histogram.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { distribution, metric, producer, type Series } from '../exporters/prometheus/format/metric-samples.js'
import { randomFrom, randomRegistry } from '../exporters/prometheus/format/random-registry.js'
import { Prometheus } from './prometheus.js'
import { describeWith } from './real-program.js'

/** Values whose true quantiles are known: ten decades, evenly by their logarithm. */
const RECORDED = Array.from({ length: 10_000 }, (_, i) => 10 ** (i / 1_000 - 5))

const HOSTILE = [
  'plain',
  '"',
  '\\',
  '\n',
  '\\n',
  '"} 1\nevil_total{a="b',
  '# EOF',
  ' # {a="b"} 1',
  '\0',
  '\r\n',
  '\t',
  '\u2028',
  '\ufeffx',
  '😀',
  'é',
  'e\u0301',
  '__proto__',
  'x'.repeat(1_000),
]

function everyType(): Metric[] {
  const histogram = new ExponentialHistogram({ schema: 3, maxBuckets: 1_000 })
  for (const value of RECORDED) histogram.record(value)
  const exemplar = (value: number, trace: string) => ({ value, timeUnixMs: Date.now(), attachments: { trace_id: trace } })
  const hostile = HOSTILE.map((value, i): Series => [[value], i + 0.5])
  return [
    metric({ name: 'hostile', type: 'GAUGE_DOUBLE', description: 'Says "\\" and\na line', labelKeys: ['value'] }, ...hostile),
    metric(
      { name: 'numbers', type: 'GAUGE_DOUBLE', labelKeys: ['n'] },
      [['inf'], Infinity],
      [['-inf'], -Infinity],
      [['least'], 5e-324],
      [['large'], 1e300],
    ),
    metric({ name: 'requests', type: 'CUMULATIVE_INT64', labelKeys: ['route'] }, [['/'], 12_345_678, { exemplar: exemplar(1, 'counted') }]),
    metric({ name: 'classic', type: 'CUMULATIVE_DISTRIBUTION', unit: 's', labelKeys: ['route'] }, [
      ['/'],
      distribution([0.005, 1, 1e6], [1, 2, 3, 4], 4e6, { exemplars: [undefined, exemplar(0.5, 'bucketed'), undefined, undefined] }),
    ]),
    metric({ name: 'signed', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([-1, 0, 1], [1, 0, 3, 4], -2)]),
    metric({ name: 'wait', type: 'SUMMARY', unit: 'ms' }, [
      [],
      { kind: 'summary', count: 2, sum: 3, quantiles: [{ quantile: 1, value: 2 }] },
    ]),
    metric({ name: 'build', type: 'INFO', labelKeys: ['version'] }, [['1.2.3'], 1]),
    metric({ name: 'door', type: 'STATE_SET', labelKeys: ['state'] }, [['open'], 1], [['shut'], 0]),
    metric({ name: 'native', type: 'CUMULATIVE_DISTRIBUTION' }, [
      [],
      distribution([1], [5_001, 4_999], histogram.sum, { exponential: histogram.value(), exemplars: [undefined, exemplar(2, 'native')] }),
    ]),
  ]
}

describeWith(['prometheus'], 'a real Prometheus reads every format', () => {
  const endpoints: MetricsEndpoint[] = []
  let prometheus: Prometheus

  beforeAll(async () => {
    const metrics = everyType()
    const options = { port: 0, producers: [producer(() => metrics)], selfMetrics: false }
    endpoints.push(await serveMetrics({ ...options, encoders: [textEncoder] }))
    endpoints.push(await serveMetrics({ ...options, encoders: [textEncoder, openMetricsEncoder()] }))
    endpoints.push(await serveMetrics(options))
    prometheus = await Prometheus.start(
      endpoints.map(({ url }) => new URL(url)),
      ['--enable-feature=native-histograms,exemplar-storage'],
    )
    await prometheus.until('sum(up) == 3 and count(count_over_time(up[1m]) >= 3) == 3')
  }, 120_000)

  afterAll(async () => {
    await prometheus?.stop()
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
  })

  const of = (format: number) => `instance="127.0.0.1:${endpoints[format]!.port}"`

  /** All samples of one target by name and labels, bounds as numbers. */
  const samplesOf = async (format: number): Promise<Map<string, number>> => {
    const samples = await prometheus.query(`{${of(format)},__name__!~"up|scrape_.*|native.*"}`)
    return new Map(
      samples.map(({ labels, value }) => {
        const own = Object.entries(labels)
          .filter(([name]) => name !== 'instance' && name !== 'job')
          .map(([name, text]) => [name, name === 'le' || name === 'quantile' ? String(Number(text.replace('+Inf', 'Infinity'))) : text])
        return [JSON.stringify(own.sort(([a], [b]) => (a! < b! ? -1 : 1))), value]
      }),
    )
  }

  test('every target is up, and text, OpenMetrics and protobuf agree series by series', async () => {
    expect(await prometheus.query('up == 1')).toHaveLength(3)
    const [text, openMetrics, protobuf] = await Promise.all([samplesOf(0), samplesOf(1), samplesOf(2)])
    expect(text.size).toBeGreaterThan(40)
    expect(protobuf).toEqual(text)
    const forbidden = [...text.keys()].filter((key) => /"signed_(sum|count)"/.test(key))
    expect(forbidden).toHaveLength(2) // beside negative bounds
    for (const key of forbidden) text.delete(key)
    expect(openMetrics).toEqual(text)
  })

  test('hostile label values arrive byte for byte', async () => {
    for (const format of [0, 1, 2]) {
      const found = await prometheus.query(`hostile{${of(format)}}`)
      expect(new Map(found.map(({ labels, value }) => [labels.value, value]))).toEqual(new Map(HOSTILE.map((value, i) => [value, i + 0.5])))
    }
  })

  test('types, help and units are known', async () => {
    const metadata = await prometheus.api<Record<string, { type: string; help: string; unit: string }[]>>('metadata')
    expect(metadata['hostile']).toContainEqual({ type: 'gauge', help: 'Says "\\" and\na line', unit: '' })
    expect(metadata['classic_seconds']).toContainEqual({ type: 'histogram', help: '', unit: 'seconds' })
  })

  test('a native histogram is exact in count and sum, and its quantiles are within the growth of a bucket', async () => {
    const native = `native{${of(2)}}`
    expect(await prometheus.value(`histogram_count(${native})`)).toBe(RECORDED.length)
    const sum = RECORDED.reduce((a, b) => a + b)
    expect(Math.abs((await prometheus.value(`histogram_sum(${native})`)) / sum - 1)).toBeLessThan(1e-12)
    for (const quantile of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
      const exact = RECORDED[Math.ceil(quantile * RECORDED.length) - 1]!
      const found = await prometheus.value(`histogram_quantile(${quantile}, ${native})`)
      expect(Math.abs(Math.log2(found / exact)), `${quantile}: ${found} for ${exact}`).toBeLessThanOrEqual(2 ** -3)
    }
    // In the other formats the same metric is a classic histogram.
    expect(await prometheus.value(`native_count{${of(1)}}`)).toBe(RECORDED.length)
  })

  test('exemplars are found', async () => {
    const found = async (query: string) => {
      const data = await prometheus.api<{ exemplars: { labels: { trace_id: string } }[] }[]>('query_exemplars', {
        query,
        start: String(Date.now() / 1_000 - 600),
        end: String(Date.now() / 1_000 + 60),
      })
      return [...new Set(data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id)))]
    }
    for (const format of [1, 2]) {
      expect(await found(`requests_total{${of(format)}}`)).toEqual(['counted'])
      expect(await found(`classic_seconds_bucket{${of(format)}}`)).toEqual(['bucketed'])
    }
    expect(await found(`native{${of(2)}}`)).toEqual(['native'])
  })
})

describeWith(['promtool'], 'promtool reads random registries', () => {
  const REGISTRIES = process.env.CI ? 10_000 : 2_000
  const A_DOCUMENT = 1_000

  for (let from = 0; from < REGISTRIES; from += A_DOCUMENT) {
    test(`registries ${from} … ${from + A_DOCUMENT - 1}`, () => {
      vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      let document = ''
      for (let seed = from; seed < from + A_DOCUMENT; seed++) {
        const metrics = randomRegistry(randomFrom(seed)).map((one) => ({
          ...one,
          descriptor: { ...one.descriptor, name: `r${seed}_${one.descriptor.name}` },
        }))
        document += formatText(metrics)
      }
      vi.restoreAllMocks()
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: document, encoding: 'utf8', maxBuffer: 2 ** 28 })
      // 3 means read, but there is something to say about names.
      expect(status === 0 || status === 3, stderr.slice(0, 1_000)).toBe(true)
      expect(stderr).not.toContain('error while linting')
    })
  }
})
