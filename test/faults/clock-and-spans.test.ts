import { expect, test } from 'vitest'
import { contextState, EMPTY_FRAME, runInFrame } from '../../src/base/context.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { selfMetrics } from '../../src/metrics/collection/internal-metrics-producer.js'
import { count, distribution } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import type { SpanData } from '../../src/trace/data/span-data.js'
import { TracerCore } from '../../src/trace/tracer-core.js'
import { bytesOf } from '../exporters/prometheus/format/metric-samples.js'
import { readOpenMetrics } from '../exporters/prometheus/format/strict-openmetrics-reader.js'
import { selfValue } from '../exporters/self-value.js'
import { amount } from './amount.js'

const HOUR_MS = 3_600_000

function tracerOn(stats: Stats, clock?: ManualClock) {
  const spans: SpanData[] = []
  const transport = { send: (span: SpanData) => void spans.push(span), flush: async () => {}, shutdown: async () => {} }
  const tracer = new TracerCore({ sampler: new AlwaysOnSampler(), propagator: new TraceContextPropagator(), stats, transport, clock })
  return { tracer, spans }
}

test('if the wall clock jumps, durations are the elapsed time and start times stay', async () => {
  const clock = new ManualClock()
  const stats = new Stats({ clock })
  const { tracer, spans } = tracerOn(stats, clock)
  const measure = stats.measure('took', { unit: 'ms' })
  stats.viewManager.registerView({ name: 'took', measure, aggregation: distribution([1, 10, 100]) })
  stats.record(measure, 1)
  const beganUnixMs = clock.unixMs()
  for (const hours of [-1, 2, -24, 24]) {
    const timer = stats.startTimer(measure)
    const span = tracer.startDetachedSpan('work')
    clock.setUnixMs(clock.unixMs() + hours * HOUR_MS)
    clock.advance(5)
    expect(timer.stop()).toBe(5)
    span.end()
  }
  expect(spans.map(({ startTimeUnixMs, endTimeUnixMs }) => endTimeUnixMs - startTimeUnixMs)).toEqual([5, 5, 5, 5])
  const [metric] = (await stats.getMetrics()) as [Metric]
  const [series] = metric.timeSeries
  expect(series?.startTimeUnixMs).toBe(beganUnixMs)
  expect(series?.points[0]?.value).toMatchObject({ count: 5, sum: 21 })
})

test('after the wall clock is set back no exported time is in the future', async () => {
  const clock = new ManualClock()
  const stats = new Stats({ clock })
  const measure = stats.measure('calls')
  stats.viewManager.registerView({ name: 'calls', measure, aggregation: count() })
  stats.record(measure, 1)
  clock.advance(1_000)
  clock.setUnixMs(clock.unixMs() - HOUR_MS)
  const [metric] = (await stats.getMetrics()) as [Metric]
  const [series] = metric.timeSeries
  expect(series?.points[0]?.timeUnixMs).toBeLessThanOrEqual(clock.unixMs())
  const document = String(await bytesOf(openMetricsEncoder({ created: true }).encode([metric])))
  readOpenMetrics(document)
  expect(document).toContain('calls_total 1\n') // without a time: the scraper's own counts
  expect(selfMetrics({ clock }).getMetrics()).toSatisfy((metrics: Metric[]) =>
    metrics.every(({ timeSeries }) =>
      timeSeries.every(({ startTimeUnixMs = 0, points }) => points.every(({ timeUnixMs }) => startTimeUnixMs <= timeUnixMs)),
    ),
  )
})

/** How many bytes more the heap holds after `work`, while the context in which it ran is still there. */
function heapGrownBy(work: () => void): number {
  gc!()
  const before = process.memoryUsage().heapUsed
  return runInFrame(EMPTY_FRAME, () => {
    work()
    gc!()
    return process.memoryUsage().heapUsed - before
  })
}

test('spans that are never ended do not fill the memory, and their number is reported', async () => {
  const { tracer, spans } = tracerOn(new Stats())
  const many = amount(200_000, 1_000_000)
  const open = contextState.openSampledSpans
  const grown = heapGrownBy(() => {
    for (let i = 0; i < many; i++) tracer.startDetachedSpan('leaked').addAttribute('key', 'value')
  })
  expect(grown).toBeLessThan(5_000_000)
  expect(spans).toEqual([])
  expect(tracer.summary()[0]?.running).toHaveLength(1_000)
  expect(contextState.openSampledSpans - open).toBe(many)
  expect(selfValue('tallyscope_spans_open')).toBe(contextState.openSampledSpans)
  contextState.openSampledSpans = open
})

test('nested current spans that are never ended do not fill the memory, and are counted', async () => {
  const stats = new Stats()
  const { tracer } = tracerOn(stats)
  const measure = stats.measure('took')
  stats.viewManager.registerView({ name: 'took', measure, aggregation: distribution([1]) })
  const many = amount(200_000, 1_000_000)
  const open = contextState.openSampledSpans
  const before = selfValue('tallyscope_span_misuse_total', 'never_ended')
  let isWrong = false
  const grown = heapGrownBy(() => {
    for (let i = 0; i < many; i++) {
      const span = tracer.startSpan('leaked')
      isWrong ||= tracer.currentSpan() !== span
    }
    stats.record(measure, 0.5)
  })
  expect(isWrong).toBe(false)
  expect(grown).toBeLessThan(5_000_000)
  expect(selfValue('tallyscope_span_misuse_total', 'never_ended') - before).toBe(Math.floor((many - 1) / 1_000))
  contextState.openSampledSpans = open
})

test('each of a thousand nested current spans finds the one before it when it ends', () => {
  const { tracer } = tracerOn(new Stats())
  runInFrame(EMPTY_FRAME, () => {
    const spans = Array.from({ length: 1_000 }, () => tracer.startSpan('nested'))
    for (let at = 999; at >= 0; at--) {
      expect(tracer.currentSpan()).toBe(spans[at])
      spans[at]!.end()
    }
    expect(tracer.currentSpan()).toBeUndefined()
  })
})

test('a hundred thousand current spans that end in another context do not slow recording', async () => {
  const stats = new Stats()
  const { tracer } = tracerOn(stats)
  const measure = stats.measure('took')
  stats.viewManager.registerView({ name: 'took', measure, aggregation: distribution([1]) })
  runInFrame(EMPTY_FRAME, () => {
    const spans = Array.from({ length: 100_000 }, () => tracer.startSpan('nested'))
    // In this context the newest stays entered, and all that enclose it have ended.
    const other = tracer.startDetachedSpan('open')
    runInFrame(EMPTY_FRAME, () => spans.forEach((span) => span.end()))
    expect(() => stats.record(measure, 0.5)).not.toThrow()
    expect(tracer.currentSpan()).toBeUndefined()
    other.end()
  })
  expect(JSON.stringify(await stats.getMetrics())).toContain('"count":1')
})
