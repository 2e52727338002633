import { expect, test, vi } from 'vitest'
import { formatOpenMetrics } from '../../../../src/exporters/prometheus/format/openmetrics-text.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import { bytesOf } from './metric-samples.js'
import { randomFrom, randomRegistry } from './random-registry.js'
import { type ProtobufMetric, readProtobuf } from './read-protobuf.js'
import { readOpenMetrics } from './strict-openmetrics-reader.js'
import { readText } from './text-reader.js'

// 100 000 by `npm run fuzz:formats`.
const REGISTRIES = Number(process.env.TALLYSCOPE_TEST_REGISTRIES ?? (process.env.CI ? 10_000 : 2_000))
const A_BATCH = 500

/** Samples by name and labels; bounds and quantiles as numbers, since formats spell them differently. */
type Samples = Map<string, number>

function add(samples: Samples, name: string, labels: Iterable<readonly [string, string]>, value: number): void {
  const own = [...labels].map(
    ([label, text]) => [label, label === 'le' || label === 'quantile' ? Number(text.replace('+Inf', 'Infinity')) : text] as const,
  )
  samples.set(JSON.stringify([name, own.sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, text]) => [label, String(text)])]), value)
}

/** How the samples of a protobuf metric read in text. */
function addProtobuf(samples: Samples, name: string, metric: ProtobufMetric): void {
  const labels = metric.label.map((pair) => [pair.name, pair.value] as const)
  const { gauge, counter, summary, histogram } = metric
  if (gauge !== undefined) add(samples, name, labels, gauge.value)
  if (counter !== undefined) add(samples, name, labels, counter.value)
  for (const { quantile, value } of summary?.quantile ?? []) add(samples, name, [...labels, ['quantile', String(quantile)]], value)
  for (const { upperBound, cumulativeCount } of histogram?.bucket ?? []) {
    add(samples, `${name}_bucket`, [...labels, ['le', String(upperBound)]], cumulativeCount)
  }
  const whole = histogram ?? summary
  if (whole === undefined) return
  add(samples, `${name}_sum`, labels, whole.sampleSum)
  add(samples, `${name}_count`, labels, whole.sampleCount)
}

async function check(seed: number): Promise<void> {
  const metrics = randomRegistry(randomFrom(seed))
  const text = formatText(metrics)
  const inText: Samples = new Map()
  // Counters below zero are a user's own producer's doing; the generator makes none.
  for (const { samples } of readText(text).values()) for (const { name, labels, value } of samples) add(inText, name, labels, value)
  expect(String(await bytesOf(textEncoder.encode(metrics)))).toBe(text)

  const inProtobuf: Samples = new Map()
  for (const { name, metric } of readProtobuf(await bytesOf(protobufEncoder.encode(metrics))).values()) {
    for (const one of metric) addProtobuf(inProtobuf, name, one)
  }
  expect(inProtobuf).toEqual(inText)

  for (const created of [false, true]) {
    const openMetrics = formatOpenMetrics(metrics, { created })
    expect(String(await bytesOf(openMetricsEncoder({ created }).encode(metrics)))).toBe(openMetrics)
    const left = new Map(inText)
    for (const { name: family, samples } of readOpenMetrics(openMetrics).values()) {
      for (const { name, labels, value } of samples) {
        if (created && name === `${family}_created`) continue
        const one: Samples = new Map()
        add(one, name, labels, value)
        const [key] = one.keys()
        expect(left.get(key!), key).toEqual(value)
        left.delete(key!)
      }
    }
    // Samples that OpenMetrics forbids are all that may be missing.
    for (const [key, value] of left) {
      const { [0]: name, [1]: labels } = JSON.parse(key) as [string, [string, string][]]
      const isQuantile = labels.some(([label]) => label === 'quantile')
      expect(isQuantile ? value < 0 : /_sum$|_count$/.test(name), key).toBe(true)
    }
  }
}

for (let from = 0; from < REGISTRIES; from += A_BATCH) {
  test(`random registries ${from} … ${from + A_BATCH - 1} are valid in every format, and the formats agree`, async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    for (let seed = from; seed < from + A_BATCH; seed++) {
      try {
        await check(seed)
      } catch (error) {
        throw new Error(`registry ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
    vi.restoreAllMocks()
  })
}
