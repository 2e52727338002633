import { setImmediate as immediately } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { DistributionValue } from '../../../src/metrics/data/metric.js'
import { count, distribution } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { AlwaysOffSampler, AlwaysOnSampler } from '../../../src/trace/sampling/constant-samplers.js'
import { SpanKind } from '../../../src/trace/data/span-kind.js'
import { spanViews } from '../../../src/trace/views/span-latency.js'
import { StatusCode } from '../../../src/trace/data/status-code.js'
import { HandClock, traced } from '../tracer-fixture.js'

const OFF = { sampler: new AlwaysOffSampler() }

/** Rows of one view as `span kind status: count`. */
function rows(stats: Stats, view: string): string[] {
  const metric = stats.getMetrics().find(({ descriptor }) => descriptor.name === view)
  return (metric?.timeSeries ?? [])
    .map(({ labelValues, points }) => {
      const value = points[0]!.value as number | DistributionValue
      return `${labelValues.join(' ')}: ${typeof value === 'number' ? value : `${value.count} in ${value.sum} s`}`
    })
    .sort()
}

test('every ended span records its latency, sampled or not', () => {
  const { tracer, stats, clock } = traced()
  tracer.registerViews()
  tracer.span('a', () => clock.advance(250))
  tracer.span('a', OFF, () => clock.advance(500))
  tracer.span('b', { ...OFF, kind: SpanKind.SERVER }, (span) => {
    span.setStatus(StatusCode.NOT_FOUND)
    clock.advance(1_000)
  })
  expect(rows(stats, 'span/latency')).toEqual(['a UNSPECIFIED OK: 2 in 0.75 s', 'b SERVER NOT_FOUND: 1 in 1 s'])
  expect(rows(stats, 'span/errors')).toEqual(['b SERVER NOT_FOUND: 1'])
})

test('the predefined views are in seconds, and are harmless to register twice', () => {
  const { tracer, stats } = traced()
  tracer.registerViews()
  tracer.registerViews()
  tracer.startDetachedSpan('a').end()
  const latency = stats.getMetrics().find(({ descriptor }) => descriptor.name === 'span/latency')
  expect(latency?.descriptor).toMatchObject({ unit: 's', labelKeys: ['span', 'kind', 'status'] })
  expect(spanViews.map(({ name }) => name)).toEqual(['span/latency', 'span/errors'])
})

test('an unsampled span reads no clock while no view is registered', () => {
  const clock = new HandClock()
  const { tracer } = traced({ ...OFF, clock })
  clock.reads = 0
  tracer.span('a', () => tracer.startDetachedSpan('b').end())
  expect(clock.reads).toBe(0)
})

test('a sampled or measured span reads the clock twice', () => {
  const sampled = traced()
  sampled.tracer.startDetachedSpan('first').end() // the first one also looks at wall time
  sampled.clock.reads = 0
  sampled.tracer.startDetachedSpan('a').end()
  expect(sampled.clock.reads).toBe(2)
  const measured = traced(OFF)
  measured.tracer.registerViews()
  measured.tracer.startDetachedSpan('a').end()
  expect(measured.clock.reads).toBe(2)
})

test('a view registered while a span runs does not record a part of its duration', () => {
  const { tracer, stats, clock } = traced(OFF)
  const span = tracer.startDetachedSpan('a')
  tracer.registerViews()
  clock.advance(5)
  span.end()
  tracer.startDetachedSpan('b').end()
  expect(rows(stats, 'span/latency')).toEqual(['b UNSPECIFIED OK: 1 in 0 s'])
})

test('unlimited names end in the overflow row of the view', () => {
  const stats = new Stats({ limits: { rowsPerView: 10 } })
  const { tracer } = traced({ ...OFF, stats })
  tracer.registerViews()
  for (let at = 0; at < 3_000; at++) tracer.startDetachedSpan(`GET /user/${at}`).end()
  const [latency] = stats.getMetrics()
  expect(latency!.timeSeries).toHaveLength(11)
  const total = latency!.timeSeries.reduce((sum, { points }) => sum + (points[0]!.value as DistributionValue).count, 0)
  expect(total).toBe(3_000)
})

test('custom views of the span measures are possible', () => {
  const { tracer, stats } = traced(OFF)
  const latency = stats.getMeasure('span/latency')!
  stats.viewManager.registerView({ name: 'spans', measure: latency, tagKeys: ['span'], aggregation: count() })
  tracer.startDetachedSpan('a').end()
  expect(rows(stats, 'spans')).toEqual(['a: 1'])
})

test('a sampled span is an exemplar of its own latency, in any context in which it ends', async () => {
  const { tracer, stats, sent } = traced()
  tracer.registerViews()
  const detached = tracer.startDetachedSpan('detached')
  tracer.span('other', () => detached.end())
  await tracer.span('async', async () => immediately())
  const latency = stats.getMetrics().find(({ descriptor }) => descriptor.name === 'span/latency')!
  const exemplars = Object.fromEntries(
    latency.timeSeries.map(({ labelValues, points }) => [
      labelValues[0],
      (points[0]!.value as DistributionValue).exemplars?.find((exemplar) => exemplar !== undefined)?.attachments,
    ]),
  )
  expect(exemplars).toEqual(Object.fromEntries(sent.map(({ name, traceId, spanId }) => [name, { trace_id: traceId, span_id: spanId }])))
})

test('a distribution keeps the ids of a sampled span in which a value is recorded', () => {
  const { tracer, stats, sent } = traced()
  const size = stats.measure('size', { unit: 'By' })
  stats.viewManager.registerView({ name: 'size', measure: size, aggregation: distribution([10]) })
  tracer.span('unsampled', OFF, () => stats.record(size, 1))
  tracer.span('sampled', () => stats.record(size, 100))
  const value = stats.getMetrics().find(({ descriptor }) => descriptor.name === 'size')!.timeSeries[0]!.points[0]!
    .value as DistributionValue
  expect(value.exemplars?.map((exemplar) => exemplar?.attachments.span_id)).toEqual([undefined, sent[0]!.spanId])
})

test('after the end of an imperative span, the enclosing one is the exemplar', async () => {
  const { tracer, stats, sent } = traced()
  const size = stats.measure('size')
  stats.viewManager.registerView({ name: 'size', measure: size, aggregation: distribution([10]) })
  await tracer.span('outer', { sampler: new AlwaysOnSampler() }, async () => {
    const work = async () => {
      const span = tracer.startSpan('inner')
      await immediately()
      span.end()
    }
    await work()
    stats.record(size, 1)
  })
  const value = stats.getMetrics().find(({ descriptor }) => descriptor.name === 'size')!.timeSeries[0]!.points[0]!
    .value as DistributionValue
  expect(value.exemplars?.[0]?.attachments.span_id).toBe(sent.find(({ name }) => name === 'outer')!.spanId)
})
