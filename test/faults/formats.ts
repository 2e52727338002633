import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import type { Family } from '../../src/metrics/data/row-source.js'
import { bytesOf } from '../exporters/prometheus/format/metric-samples.js'
import { readProtobuf } from '../exporters/prometheus/format/read-protobuf.js'
import { readOpenMetrics } from '../exporters/prometheus/format/strict-openmetrics-reader.js'
import { readText } from '../exporters/prometheus/format/text-reader.js'

/** One counter or gauge as a reader finds it; labels in the order of their names. */
export type Read = readonly [name: string, labels: Readonly<Record<string, string>>, value: number]

export const FORMATS = ['text', 'openMetrics', 'protobuf'] as const
export type FormatName = (typeof FORMATS)[number]

async function familiesOf(producers: readonly MetricProducer[]): Promise<Family[]> {
  const all = await Promise.all(producers.map((producer) => producer.getFamilies?.() ?? producer.getMetrics()))
  return all.flat()
}

/** The whole document of each format, read back by readers that share nothing with what wrote it and refuse what breaks a rule. */
export async function readBack(...producers: readonly MetricProducer[]): Promise<Record<FormatName, Read[]>> {
  const families = await familiesOf(producers)
  const text = readText(String(await bytesOf(textEncoder.encode(families))))
  const openMetrics = readOpenMetrics(String(await bytesOf(openMetricsEncoder().encode(families))))
  const protobuf = readProtobuf(await bytesOf(protobufEncoder.encode(families)))
  const samples = (all: Iterable<{ samples: readonly { name: string; labels: ReadonlyMap<string, string>; value: number }[] }>): Read[] =>
    [...all].flatMap((family) => family.samples.map(({ name, labels, value }) => [name, sorted(labels), value] as const))
  return {
    text: samples(text.values()),
    openMetrics: samples(openMetrics.values()),
    protobuf: [...protobuf.values()].flatMap(({ name, metric }) =>
      metric.flatMap(({ label, counter, gauge }): Read[] => {
        const value = counter?.value ?? gauge?.value
        return value === undefined ? [] : [[name, sorted(label.map((pair) => [pair.name, pair.value] as const)), value]]
      }),
    ),
  }
}

function sorted(labels: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...labels].sort(([one], [other]) => (one < other ? -1 : 1)))
}
