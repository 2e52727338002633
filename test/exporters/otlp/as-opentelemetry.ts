import { type HrTime, ValueType } from '@opentelemetry/api'
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { ExponentialBuckets, Metric, TimeSeries } from '../../../src/metrics/data/metric.js'
import type { SpanData } from '../../../src/trace/data/span-data.js'

/** Milliseconds as seconds and nanoseconds, without what a double of nanoseconds would lose. */
const hrTime = (unixMs: number, plusNs = 0): HrTime => {
  const whole = Math.floor(unixMs)
  const ns = BigInt(whole) * 1_000_000n + BigInt(Math.round((unixMs - whole) * 1e6) + plusNs)
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)]
}

/** Snapshots as the SDK of OpenTelemetry holds them. What it has no place for is left out: summaries, exemplars, zero thresholds. */
export function metricsOfOpenTelemetry(
  metrics: readonly Metric[],
  timeUnixMs: number,
  histograms: 'explicit' | 'exponential',
): MetricData[] {
  return metrics.flatMap((metric) => {
    const { type, name, description, unit } = metric.descriptor
    const isCounter = type.startsWith('CUMULATIVE')
    const values = metric.timeSeries.map(({ points }) => points.at(-1)!.value)
    // The type of numbers is the metric's there, the point's here: whole numbers beyond 2^53 are doubles.
    const isInt = type.endsWith('INT64') && values.every((value) => Number.isSafeInteger(value))
    const descriptor = {
      name,
      description,
      unit: unit === '1' && !isCounter ? '' : unit,
      valueType: isInt ? ValueType.INT : ValueType.DOUBLE,
    }
    const data = (dataPointType: DataPointType, dataPoints: unknown[]): MetricData[] => {
      const isSum = dataPointType === DataPointType.SUM
      const whole = { descriptor, dataPointType, dataPoints, ...(isSum && { isMonotonic: isCounter }) }
      return dataPoints.length === 0 ? [] : [{ ...whole, aggregationTemporality: AggregationTemporality.CUMULATIVE } as MetricData]
    }
    const points = metric.timeSeries.map((series) => ({ series, value: series.points.at(-1)!.value }))
    const point = (series: TimeSeries, value: unknown): unknown => {
      const startUnixMs = series.startTimeUnixMs ?? 0
      return {
        startTime: hrTime(startUnixMs),
        endTime: hrTime(Math.max(timeUnixMs, startUnixMs)),
        attributes: attributesOf(metric, series),
        value,
      }
    }
    if (type === 'SUMMARY') return []
    if (type !== 'CUMULATIVE_DISTRIBUTION') {
      const kind = type.startsWith('GAUGE') ? DataPointType.GAUGE : DataPointType.SUM
      return data(
        kind,
        points.map(({ series, value }) => point(series, value)),
      )
    }
    const explicit: unknown[] = []
    const exponential: unknown[] = []
    for (const { series, value } of points) {
      if (typeof value === 'number' || value.kind !== 'distribution') continue
      const { count, sum, bounds, bucketCounts } = value
      if (histograms === 'exponential' && value.exponential !== undefined) {
        const { schema, zeroCount, positive, negative } = value.exponential
        const shown = negative.indexes.length === 0 && sum >= 0 ? sum : undefined
        exponential.push(
          point(series, { count, sum: shown, scale: schema, zeroCount, positive: dense(positive), negative: dense(negative) }),
        )
      } else {
        const shown = sum >= 0 && (bounds[0] ?? 0) >= 0 ? sum : undefined
        explicit.push(point(series, { count, sum: shown, buckets: { boundaries: [...bounds], counts: [...bucketCounts] } }))
      }
    }
    return [...data(DataPointType.HISTOGRAM, explicit), ...data(DataPointType.EXPONENTIAL_HISTOGRAM, exponential)]
  })
}

function attributesOf({ descriptor }: Metric, { labelValues, overflow }: TimeSeries): Record<string, string | boolean> {
  const pairs = descriptor.labelKeys.flatMap((key, at) => {
    const value = labelValues[at]
    return value === undefined || value === '' ? [] : [[key, value] as const]
  })
  return { ...Object.fromEntries(pairs), ...(overflow === true && { 'otel.metric.overflow': true }) }
}

function dense({ indexes, counts }: ExponentialBuckets): { offset: number; bucketCounts: number[] } {
  if (indexes.length === 0) return { offset: 0, bucketCounts: [] }
  const first = indexes[0]!
  const bucketCounts = Array.from({ length: indexes.at(-1)! - first + 1 }, () => 0)
  for (const [at, index] of indexes.entries()) bucketCounts[index - first] = counts[at]!
  return { offset: first - 1, bucketCounts }
}

// One object each: spans are put together by identity.
const scope = { name: 'tallyscope', version: '1' }
const resource = { attributes: {} } as ReadableSpan['resource']

/** A span as the SDK of OpenTelemetry holds it. What ours says in attributes and events of its own is written out by the caller. */
export function spanOfOpenTelemetry(span: SpanData): ReadableSpan {
  const { context, kind, parentSpanId, status, dropped, links } = span
  const contextOf = (traceId: string, spanId: string) => ({ traceId, spanId, traceFlags: context.options & 0xff, isRemote: false })
  const durationNs = Math.round(span.durationMs * 1e6)
  return {
    name: span.name,
    kind: kind === 0 ? 0 : kind === 1 ? 1 : 2, // internal, server, client
    spanContext: () => contextOf(context.traceId, context.spanId),
    ...(parentSpanId !== undefined && {
      parentSpanContext: { ...contextOf(context.traceId, parentSpanId), isRemote: span.sameProcessAsParentSpan === false },
    }),
    startTime: hrTime(span.startTimeUnixMs),
    endTime: hrTime(span.startTimeUnixMs, durationNs),
    duration: [0, 0],
    status: status.isOk ? { code: 0 } : { code: 2, ...(status.message !== undefined && { message: status.message }) },
    attributes: { ...span.attributes, ...(!status.isOk && span.attributes['error.type'] === undefined && { 'error.type': status.name }) },
    links: links.map(({ traceId, spanId, attributes, type }) => ({
      context: contextOf(traceId, spanId),
      attributes: {
        ...attributes,
        ...(type !== 0 && { 'opencensus.link.type': type === 1 ? 'CHILD_LINKED_SPAN' : 'PARENT_LINKED_SPAN' }),
      },
    })),
    events: span.annotations.map(({ timeUnixMs, description, attributes }) => ({
      name: description,
      time: hrTime(timeUnixMs),
      attributes: { ...attributes },
    })),
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: dropped.attributes,
    droppedEventsCount: dropped.annotations + dropped.messageEvents,
    droppedLinksCount: dropped.links,
  }
}
