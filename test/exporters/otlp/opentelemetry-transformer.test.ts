import { ProtobufMetricsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount } from '../../faults/amount.js'
import { randomFrom, randomRegistry } from '../prometheus/format/random-registry.js'
import { receiver, type Receiver } from '../sending/receiver.js'
import { metricsOfOpenTelemetry, spanOfOpenTelemetry } from './as-opentelemetry.js'
import { randomSpans } from './random-spans.js'
import { dataOf, decodeBody, decodeForeignBody, metricsOf, type Plain, type RequestName } from './read-otlp.js'
import { withExponential } from './with-exponential.js'

// The same data through the serializers of OpenTelemetry, both read by one decoder. What differs, and why:
//
// in metrics
// - summaries, exemplars and zero thresholds: its SDK has none, so that they are not compared
// - metadata (`prometheus.type` of infos and sets of states): it writes none
// - the start of a gauge: it writes one, ours is left out, since a gauge has no beginning
// - fields with their default, and buckets without any: it writes some, a reader sees no difference
// - whole numbers in a metric that also has some beyond 2^53: its type of numbers is the metric's, ours the point's
//
// in spans
// - message events and exceptions: conversions of ours, shown in otlp-spans.test.ts; the events of annotations are compared
// - whole attributes beyond 2^53: it writes an int, ours a double, as the number is
// - flags of links: it writes those of the context; our links have ids alone
// - a child of which nobody knows whether its parent is in the same process: it says local, ours leaves it open
// - the order of attributes and events does not matter

const TIME = Date.UTC(2026, 0, 2)
let destination: Receiver
beforeEach(async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  destination = await receiver()
})

const decoded = (bytes: Uint8Array | undefined, name: RequestName): Plain => {
  if (bytes === undefined) throw new Error('nothing was serialized')
  return decodeForeignBody(bytes, name)
}
const bySort = <T>(items: readonly T[]): T[] => {
  const key = (item: T): string => JSON.stringify(item)
  return [...items].sort((one, other) => (key(one) < key(other) ? -1 : 1))
}

/** Without fields that have their default, and with one zero. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value
  const entries = Object.entries(value).map(([key, inner]) => [key, bare(inner)] as const)
  return Object.fromEntries(entries.filter(([key, inner]) => KEPT.has(key) || !isDefault(inner)))
}

/** Here the default is a value: it stands in a oneof, or the field says whether it is known. */
const KEPT: ReadonlySet<string> = new Set(['asDouble', 'asInt', 'sum', 'stringValue', 'intValue', 'doubleValue', 'boolValue'])

function isDefault(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === 0 || value === '' || value === '0' || value === false
}

/** A metric as both can say it. */
function comparableMetric(metric: Plain): Plain {
  const data = dataOf(metric)
  const { metadata: _, ...rest } = metric
  const points = (metric[data].dataPoints as Plain[]).map((point) => {
    const { exemplars: _exemplars, zeroThreshold: _zeroThreshold, asInt, asDouble, startTimeUnixNano, ...same } = point
    const value = asInt ?? asDouble
    return {
      ...same,
      attributes: bySort(point['attributes'] ?? []),
      ...(value !== undefined && { asDouble: Number(value) }),
      ...(data !== 'gauge' && startTimeUnixNano !== undefined && { startTimeUnixNano }),
    }
  })
  return bare({ ...rest, [data]: { ...metric[data], dataPoints: bySort(points) } }) as Plain
}

test('metrics equal the output of the transformer of OpenTelemetry', { timeout: 300_000 }, async () => {
  let compared = 0
  const registries = amount(1_000, 10_000)
  for (let seed = 1; seed <= registries; seed++) {
    const random = randomFrom(seed)
    const made = withExponential(randomRegistry(random), random)
    // Of two that clash the second is left out, which is no matter of the format.
    const metrics = made.filter(({ descriptor: { name } }, at) => made.findIndex((one) => one.descriptor.name === name) === at)
    const histograms = seed % 2 === 0 ? 'explicit' : 'exponential'
    const clock = new ManualClock({ unixMs: TIME })
    const exporter = new OtlpMetricExporter({ endpoint: destination.url, compression: 'none', histograms, exemplars: false, clock })
    destination.requests.length = 0
    await exporter.export(metrics)
    await exporter.shutdown()
    const ours = metricsOf(destination.requests.map(({ body }) => decodeBody(body, 'ExportMetricsServiceRequest')))
    const given = metricsOfOpenTelemetry(metrics, TIME, histograms)
    const request = { resource: { attributes: {} }, scopeMetrics: [{ scope: { name: 'tallyscope', version: '1' }, metrics: given }] }
    const bytes = ProtobufMetricsSerializer.serializeRequest(
      request as unknown as Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0],
    )
    const theirs = decoded(bytes, 'ExportMetricsServiceRequest')['resourceMetrics'][0].scopeMetrics[0].metrics ?? []
    const own = ours.filter((metric) => dataOf(metric) !== 'summary').map(comparableMetric)
    expect(bySort(own), `seed ${seed}`).toEqual(bySort(theirs.map(comparableMetric)))
    compared += own.length
  }
  expect(compared).toBeGreaterThan(registries)
})

/** A span as both can say it. */
function comparableSpan(span: Plain, annotations: number, isOpen: boolean): Plain {
  const attributes = (list: readonly Plain[] = []): Plain[] =>
    bySort(
      list.map(({ key, value }) => {
        const number = value.intValue ?? value.doubleValue
        return { key, value: number === undefined ? value : { doubleValue: Number(number) } }
      }),
    )
  const { flags, links = [], events = [], ...rest } = span
  return bare({
    ...rest,
    attributes: attributes(span['attributes']),
    flags: isOpen ? flags & 0xff : flags,
    links: links.map((link: Plain) => ({ ...link, flags: 0, attributes: attributes(link['attributes']) })),
    // Annotations come first in ours.
    events: events.slice(0, annotations).map((event: Plain) => ({ ...event, attributes: attributes(event['attributes']) })),
  }) as Plain
}

test('spans equal the output of the transformer of OpenTelemetry', { timeout: 120_000 }, async () => {
  const exporter = new OtlpTraceExporter({ endpoint: destination.url, compression: 'none' })
  const batches = amount(1_000, 10_000)
  for (let seed = 1; seed <= batches; seed++) {
    const batch = randomSpans(randomFrom(seed))
    destination.requests.length = 0
    await exporter.export(batch)
    const ours = destination.requests.flatMap(
      ({ body }) => decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans as Plain[],
    )
    const bytes = ProtobufTraceSerializer.serializeRequest(batch.map(spanOfOpenTelemetry))
    const theirs = decoded(bytes, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans as Plain[]
    const comparable = (spans: readonly Plain[]): Plain[] =>
      spans.map((span, at) => {
        const { annotations, parentSpanId, sameProcessAsParentSpan } = batch[at]!
        return comparableSpan(span, annotations.length, parentSpanId !== undefined && sameProcessAsParentSpan === undefined)
      })
    expect(comparable(ours), `seed ${seed}`).toEqual(comparable(theirs))
  }
  await exporter.shutdown()
})
