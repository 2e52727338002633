import { describe, expect, test, vi } from 'vitest'
import { OtlpTraceExporter } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import { jsonLine } from '../../../src/exporters/json-lines.js'
import type { Span } from '../../../src/trace/span/span.js'
import { AlwaysOffSampler } from '../../../src/trace/sampling/constant-samplers.js'
import { receiver } from '../../exporters/sending/receiver.js'
import { decodeBody, type Plain } from '../../exporters/otlp/read-otlp.js'
import { traced } from '../tracer-fixture.js'

const circular: Record<string, unknown> = {}
circular['itself'] = circular
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error('no access')
    },
  },
)
const VALUES: Record<string, unknown> = {
  'a circular object': circular,
  'a bigint': 5n,
  'a symbol': Symbol('s'),
  null: null,
  undefined,
  'an object without a prototype': Object.create(null),
  'an object whose properties throw': throwing,
  'a function': () => 1,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'a list': ['a', circular],
  'an error': new Error('why'),
  'a string': 'text',
  '-1': -1,
}

const IDS = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const CALLS: Record<string, (span: Span, value: never) => unknown> = {
  'setStatus({ message })': (span, message) => span.setStatus({ code: 2, message } as never),
  'setStatus(2, message)': (span, message) => span.setStatus(2, message),
  'setStatus({ code })': (span, code) => span.setStatus({ code } as never),
  'setStatus({ details })': (span, details) => span.setStatus({ code: 2, details } as never),
  'addLink(value)': (span, value) => span.addLink(value),
  'addLink({ type })': (span, type) => span.addLink({ ...IDS, type }),
  'addLink({ traceId, spanId })': (span, id) => span.addLink({ traceId: id, spanId: id }),
  'addLink({ attributes })': (span, attributes) => span.addLink({ ...IDS, attributes }),
  'addMessageEvent(value)': (span, value) => span.addMessageEvent(value),
  'addMessageEvent({ id })': (span, id) => span.addMessageEvent({ id }),
  'addMessageEvent({ type })': (span, type) => span.addMessageEvent({ id: 1, type }),
  'addMessageEvent({ … })': (span, value) =>
    span.addMessageEvent({ id: 1, uncompressedSizeBytes: value, compressedSizeBytes: value, timeUnixMs: value }),
  'addAnnotation(value, value, value)': (span, value) => span.addAnnotation(value, value, value),
  'addAnnotation(text, { value })': (span, value) => span.addAnnotation('a', { value }),
  'addAttribute(value, value)': (span, value) => span.addAttribute(value, value),
  'addAttributes(value)': (span, value) => span.addAttributes(value),
  'setName(value)': (span, value) => span.setName(value),
  'setKind(value)': (span, value) => span.setKind(value),
  'end(value)': (span, value) => span.end(value),
}

describe.each(Object.entries(CALLS))('%s', (_, call) => {
  test.each(Object.entries(VALUES))(
    'with %s throws nothing, and the span is exported as JSON and OTLP beside others',
    async (_value, value) => {
      const { url, requests } = await receiver()
      const { tracer, sent } = traced()
      for (const name of ['before', 'strange', 'after'])
        tracer.span(name, (span) => void (name === 'strange' && call(span, value as never)))
      expect(sent.map((span) => jsonLine(span)).filter(({ error }) => error !== undefined)).toEqual([])

      const exporter = new OtlpTraceExporter({ endpoint: url })
      await exporter.export(sent)
      await exporter.shutdown()
      const spans = decodeBody(requests[0]!.body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans as Plain[]
      expect([spans.length, spans[0]!['name'], spans[2]!['name']]).toEqual([3, 'before', 'after'])
      for (const { traceId, spanId } of spans.flatMap(({ links }) => (links ?? []) as Plain[])) {
        expect([traceId, spanId]).toEqual([IDS.traceId, IDS.spanId])
      }
    },
  )
})

test.each(Object.entries(VALUES))('options of a span that are %s throw nothing', (_, value) => {
  for (const settings of [{}, { sampler: new AlwaysOffSampler() }]) {
    const { tracer, sent } = traced(settings)
    const any = value as never
    for (const option of ['kind', 'attributes', 'links', 'parent', 'startTimeUnixMs']) {
      tracer.span('parent', () => tracer.span(any, { [option]: any }, () => {}))
      tracer.startDetachedSpan(any, { [option]: any }).end()
    }
    expect(sent.map((span) => jsonLine(span)).filter(({ error }) => error !== undefined)).toEqual([])
  }
})

test('the message of a status may be an error, and other values become strings', () => {
  const { tracer, sent } = traced()
  const messages = [new Error('why'), null, undefined, 5n, Object.create(null), 'as it is']
  for (const message of messages) tracer.span('a', (span) => span.setStatus(2, message as never))
  expect(sent.map(({ status }) => status.message)).toEqual(['why', undefined, undefined, '5', '', 'as it is'])
})

test('a span that cannot be encoded as OTLP does not cost the others of its batch', async () => {
  const { url, requests } = await receiver()
  const { tracer, sent } = traced()
  for (const name of ['before', 'after']) tracer.span(name, () => {})
  const warn = vi.fn()
  const exporter = new OtlpTraceExporter({ endpoint: url, logger: { debug() {}, info() {}, warn, error() {} } })
  await exporter.export([sent[0]!, throwing as never, {} as never, sent[1]!])
  await exporter.shutdown()
  const { spans } = decodeBody(requests[0]!.body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0]
  expect(spans.map(({ name }: Plain) => name)).toEqual(['before', 'after'])
  expect(warn).toHaveBeenCalledOnce()
})
