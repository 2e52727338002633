import { expect, test } from 'vitest'
import { StatusCode } from '../../../src/trace/data/status-code.js'
import { keptBytes } from '../../base/kept-bytes.js'
import { traced } from '../tracer-fixture.js'

test('running spans are listed with their attributes, oldest first', () => {
  const { tracer, clock } = traced()
  const first = tracer.startDetachedSpan('job', { attributes: { k: 1 } })
  clock.advance(5)
  const second = tracer.startDetachedSpan('job', { parent: first })
  clock.advance(2)
  expect(tracer.summary()).toMatchObject([
    {
      name: 'job',
      running: [
        { runningMs: 7, attributes: { k: 1 }, parentSpanId: undefined },
        { runningMs: 2, parentSpanId: first.spanId },
      ],
    },
  ])
  first.end()
  expect(tracer.summary()[0]!.running).toHaveLength(1)
  second.end()
  expect(tracer.summary()[0]!.running).toEqual([])
})

test('ended spans are grouped by latency, or by status if it is not OK', () => {
  const { tracer, clock } = traced()
  for (const ms of [0, 0.05, 0.5, 5, 50, 500, 5_000, 50_000, 100_000]) tracer.span('a', () => clock.advance(ms))
  tracer.span('a', (span) => span.setStatus(StatusCode.NOT_FOUND))
  const [{ latency, errors }] = tracer.summary() as [ReturnType<typeof tracer.summary>[0]]
  expect(latency.map(({ fromMs, toMs, count }) => [fromMs, toMs, count])).toEqual([
    [0, 0.01, 1],
    [0.01, 0.1, 1],
    [0.1, 1, 1],
    [1, 10, 1],
    [10, 100, 1],
    [100, 1_000, 1],
    [1_000, 10_000, 1],
    [10_000, 60_000, 1],
    [60_000, Infinity, 1],
  ])
  expect(latency.at(-1)!.samples[0]!.durationMs).toBeCloseTo(100_000)
  expect(errors).toMatchObject([{ code: 5, status: 'NOT_FOUND', count: 1 }])
})

test('a bucket adds one sample a second and keeps the newest five', () => {
  const { tracer, clock } = traced()
  const samples = () => tracer.summary()[0]!.latency[0]!
  for (let at = 0; at < 10; at++) tracer.span('a', { attributes: { at } }, () => {})
  expect(samples()).toMatchObject({ count: 10, samples: [{ attributes: { at: 0 } }] })
  for (let at = 10; at < 20; at++) {
    clock.advance(1_000)
    tracer.span('a', { attributes: { at } }, () => {})
  }
  expect(samples().samples.map(({ attributes }) => attributes.at)).toEqual([15, 16, 17, 18, 19])
})

test('an end time in the future does not stop the samples of later spans', () => {
  const { tracer, clock } = traced()
  tracer.startDetachedSpan('a').end(clock.wallMs * 1_000)
  clock.advance(1)
  tracer.startDetachedSpan('a', { startTimeUnixMs: clock.wallMs - 70_000 }).end()
  tracer.startDetachedSpan('a', { startTimeUnixMs: clock.wallMs - 80_000 }).end()
  expect(tracer.summary()[0]!.latency.at(-1)!).toMatchObject({ count: 3, samples: [{}, { durationMs: 70_000 }] })
})

test('spans that are never ended cannot fill the memory', () => {
  const { tracer } = traced({ summary: { running: 3 } })
  const spans = Array.from({ length: 5 }, (_, at) => tracer.startDetachedSpan(`s${at}`))
  expect(tracer.summary().map(({ name }) => name)).toEqual(['s0', 's3', 's4'])
  for (const span of spans) span.end()
  expect(tracer.summary().every(({ running }) => running.length === 0)).toBe(true)
})

test('names beyond the limit are not summarised', () => {
  const { tracer } = traced({ summary: { names: 2 } })
  for (const name of ['a', 'b', 'c', 'c', 'a']) tracer.startDetachedSpan(name).end()
  expect(tracer.summary().map(({ name, latency }) => [name, latency[0]!.count])).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

test('the summary can be disabled', () => {
  const { tracer } = traced({ summary: false })
  tracer.startDetachedSpan('a').end()
  expect(tracer.summary()).toEqual([])
})

test('samples do not retain the 1 MB strings that their strings were cut from', { timeout: 120_000 }, () => {
  const { tracer } = traced()
  const part = (text: string): string => text.slice(100, 150)
  let names = 0
  const sample = (text: string): void =>
    tracer.span(`job ${names++}`, (span) => {
      span.addAttribute('k', part(text))
      span.addAnnotation(part(`${text} `), { k: part(`${text}  `) })
      span.setStatus(StatusCode.NOT_FOUND, part(`${text}   `))
    })
  expect(keptBytes(sample)).toBeLessThan(2e6)
  expect(tracer.summary().flatMap(({ errors }) => errors.flatMap(({ samples }) => samples))).toHaveLength(20)
})
