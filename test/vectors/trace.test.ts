import { AlwaysOffSampler, AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { attributeJson } from '../../src/trace/data/attributes.js'
import { BoundedList } from '../../src/trace/data/bounded-list.js'
import { BoundedMap } from '../../src/trace/data/bounded-map.js'
import { messageEvent, messageEventJson, type MessageEventType } from '../../src/trace/data/message-event.js'
import { ProbabilitySampler } from '../../src/trace/sampling/probability-sampler.js'
import { B3Propagator } from '../../src/trace/propagation/b3.js'
import { BinaryPropagator } from '../../src/trace/propagation/binary.js'
import { getterOf } from '../../src/trace/propagation/carrier.js'
import { GoogleCloudPropagator } from '../../src/trace/propagation/google-cloud.js'
import type { Propagator } from '../../src/trace/propagation/propagator.js'
import { TextMapPropagator } from '../../src/trace/propagation/opencensus-text.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import type { Sampler } from '../../src/trace/sampling/sampler.js'
import { isValidSpanId, isValidTraceId, SpanContext } from '../../src/trace/context/span-context.js'
import { SpanData, type SpanDataInit } from '../../src/trace/data/span-data.js'
import type { SpanKind } from '../../src/trace/data/span-kind.js'
import { StackTrace, type StackFrame } from '../../src/trace/data/stack-trace.js'
import { type ClientFailure, Status } from '../../src/trace/data/status.js'
import { StatusCode } from '../../src/trace/data/status-code.js'
import { isTraceStateKey, isTraceStateValue, TraceState } from '../../src/trace/context/trace-state.js'
import { traced } from '../trace/tracer-fixture.js'
import { runVectors } from './vectors.js'

interface ContextIn {
  traceId: string
  spanId?: string | null
  sampled?: boolean
  tracestate?: [string, string][]
  flags?: number
}

function contextIn({ traceId, spanId, sampled, tracestate = [], flags }: ContextIn): SpanContext {
  const traceState = [...tracestate].reverse().reduce((state, [key, value]) => state.set(key, value), TraceState.EMPTY)
  return new SpanContext({ traceId, spanId: spanId ?? undefined, sampled, traceState, options: flags })
}

const contextOut = (context: SpanContext | undefined) =>
  context === undefined ? null : { traceId: context.traceId, spanId: context.spanId, sampled: context.sampled }

function extracted(propagator: Propagator, headers: Record<string, unknown>): SpanContext | undefined {
  return propagator.extract(getterOf(headers))
}

function injected(propagator: Propagator, context: ContextIn): Record<string, string> {
  const headers: Record<string, string> = {}
  propagator.inject(contextIn(context), (name, value) => {
    headers[name] = value
  })
  return headers
}

const w3c = new TraceContextPropagator()
runVectors<{ traceparent: string | null; tracestate?: string | null }>('trace.w3c_parse', ({ traceparent, tracestate = null }) => {
  const context = extracted(w3c, { ...(traceparent !== null && { traceparent }), ...(tracestate !== null && { tracestate }) })
  return context === undefined ? null : { ...contextOut(context), tracestate: context.traceState?.entries() ?? null }
})
runVectors<ContextIn>('trace.w3c_format', (context) => {
  const { traceparent, tracestate = null } = injected(w3c, context)
  return { traceparent, tracestate }
})
runVectors<[string, string]>('trace.tracestate_entry', ([key, value]) => isTraceStateKey(key) && isTraceStateValue(value))

const google = new GoogleCloudPropagator()
runVectors<string | null>('trace.gcp_parse', (header) => contextOut(extracted(google, header === null ? {} : { 'x-cloud-trace-context': header })))
runVectors<ContextIn>('trace.gcp_format', (context) => injected(google, context)['x-cloud-trace-context'])

const b3 = new B3Propagator()
runVectors<Record<string, string>>('trace.b3_parse', (headers) => contextOut(extracted(b3, headers)))
runVectors<ContextIn>('trace.b3_format', (context) => injected(b3, context))

runVectors<Record<string, string>>('trace.text_parse', (entries) => contextOut(extracted(new TextMapPropagator(), entries)))

const binary = new BinaryPropagator()
runVectors<ContextIn>('trace.binary_encode', (context) => Buffer.from(binary.toBytes(contextIn(context))).toString('hex'))
runVectors<string>('trace.binary_decode', (hex) => {
  const context = binary.fromBytes(Buffer.from(hex, 'hex'))
  return context === undefined ? null : { traceId: context.traceId, spanId: context.spanId, flags: context.options }
})

runVectors<{ traceId?: string; spanId?: string }>('trace.id_valid', ({ traceId, spanId }) =>
  traceId === undefined ? isValidSpanId(spanId!) : isValidTraceId(traceId),
)
runVectors<number>('trace.options_enabled', (options) => new SpanContext({ options }).sampled)

runVectors<{ traceId: string; rate: number; parentSampled?: boolean }>('sampler.lower64', ({ traceId, rate, parentSampled = false }) =>
  new ProbabilitySampler(rate).shouldSample({ traceId, sampled: parentSampled }),
)
runVectors<number | string>('sampler.construct', (rate) => new ProbabilitySampler(Number(rate)) instanceof ProbabilitySampler)

const samplers: Readonly<Record<string, Sampler>> = {
  always_on: new AlwaysOnSampler(),
  always_off: new AlwaysOffSampler(),
  probability_0: new ProbabilitySampler(0),
}
runVectors<{ sampler: string; parentSampled: boolean }>('sampler.constant', ({ sampler, parentSampled }) =>
  samplers[sampler]!.shouldSample(new SpanContext({ sampled: parentSampled })),
)
interface Decision {
  parent: 'none' | 'remote' | 'local'
  parentSampled: boolean
  spanSampler: string | null
  defaultSampler: string
}
runVectors<Decision>('sampler.span_decision', ({ parent, parentSampled, spanSampler, defaultSampler }) => {
  const { tracer } = traced({ sampler: samplers[defaultSampler]! })
  const options = spanSampler === null ? {} : { sampler: samplers[spanSampler]! }
  if (parent === 'none') return tracer.startDetachedSpan('s', options).sampled
  if (parent === 'local') {
    const local = tracer.startDetachedSpan('parent', { sampler: parentSampled ? samplers.always_on! : samplers.always_off! })
    return tracer.startDetachedSpan('s', { ...options, parent: local }).sampled
  }
  const remote = new SpanContext({ spanId: '00f067aa0ba902b7', sampled: parentSampled, fromHeader: true })
  return tracer.withRemoteParent(remote, () => tracer.startDetachedSpan('s', options).sampled)
})

runVectors<number>('status.http', (code) => Status.fromHttpStatus(code).code)
runVectors<keyof typeof StatusCode>('status.codes', (name) => StatusCode[name])
runVectors<ClientFailure>('status.client_error', (failure) => Status.fromClientFailure(failure).code)
runVectors<string>('status.from_exception', (text) => {
  const { code, message, isOk } = Status.fromError(new Error(text))
  return { code, message, ok: isOk }
})
runVectors<{ code: number; message?: string; details?: unknown[] }>('status.json', ({ code, message, details }) =>
  new Status(code, message, details).toJSON(),
)

type ListOp = ['append', unknown] | ['extend', unknown[]]
runVectors<{ max: number; ops: ListOp[] }>('trace.bounded_list', ({ max, ops }) => {
  const list = new BoundedList<unknown>(max)
  for (const [op, value] of ops) {
    if (op === 'append') list.append(value)
    else list.extend(value)
  }
  return { items: list.toArray(), dropped: list.dropped }
})
type MapOp = ['set' | 'delete', string, unknown?]
runVectors<{ max: number; ops: MapOp[] }>('trace.bounded_map', ({ max, ops }) => {
  const map = new BoundedMap<string, unknown>(max)
  for (const [op, key, value] of ops) {
    if (op === 'set') map.set(key, value)
    else map.delete(key)
  }
  return { items: [...map], dropped: map.dropped }
})
runVectors('trace.attribute_format', attributeJson)

interface EventIn {
  id: number
  type?: MessageEventType
  uncompressed?: number
  compressed?: number
}
runVectors<EventIn>('trace.message_event', ({ id, type, uncompressed, compressed }) =>
  messageEventJson(
    messageEvent(
      {
        id,
        ...(type !== undefined && { type }),
        ...(uncompressed !== undefined && { uncompressedSizeBytes: uncompressed }),
        ...(compressed !== undefined && { compressedSizeBytes: compressed }),
      },
      0,
    ),
  ),
)
runVectors<{ how: 'construct' | 'add'; frames: number }>('trace.stack_limit', ({ how, frames }) => {
  const all = Array.from({ length: frames }, (_, lineNumber): StackFrame => ({ functionName: 'f', fileName: 'a.js', lineNumber, columnNumber: 1 }))
  const trace = new StackTrace(how === 'construct' ? all : [])
  if (how === 'add') for (const frame of all) trace.addFrame(frame)
  return { kept: trace.frames.length, dropped: trace.droppedFrames, first: trace.frames[0]?.lineNumber ?? 0 }
})

interface SpanIn {
  name: string
  traceId: string
  spanId: string
  start: string
  end: string
  parentSpanId?: string
  kind?: SpanKind
  children?: number
  sameProcess?: boolean
  status?: { code: number; message?: string }
  attributes?: Record<string, unknown>
  annotations?: [string, Record<string, unknown>][]
  messageEvents?: { id: number; type: MessageEventType; size: number }[]
  links?: SpanDataInit['links']
}
runVectors<SpanIn>('span.json', (span) => {
  const startTimeUnixMs = Date.parse(span.start)
  const endTimeUnixMs = Date.parse(span.end)
  const { traceId, spanId, parentSpanId, kind, children, sameProcess, status, attributes, annotations, messageEvents, links } = span
  const init: SpanDataInit = {
    name: span.name,
    context: new SpanContext({ traceId, spanId }),
    startTimeUnixMs,
    endTimeUnixMs,
    ...(parentSpanId !== undefined && { parentSpanId }),
    ...(kind !== undefined && { kind }),
    ...(children !== undefined && { childSpanCount: children }),
    ...(sameProcess !== undefined && { sameProcessAsParentSpan: sameProcess }),
    ...(status !== undefined && { status: new Status(status.code, status.message) }),
    ...(attributes !== undefined && { attributes }),
    // The vector writes its annotations 600 microseconds after the start and its messages at the end.
    ...(annotations !== undefined && {
      annotations: annotations.map(([description, given]) => ({ timeUnixMs: startTimeUnixMs + 0.6, description, attributes: given })),
    }),
    ...(messageEvents !== undefined && {
      messageEvents: messageEvents.map(({ id, type, size }) => ({ id, type, uncompressedSizeBytes: size, timeUnixMs: endTimeUnixMs })),
    }),
    ...(links !== undefined && { links }),
  }
  return JSON.parse(JSON.stringify(SpanData.from(init)))
})
