import type { Attributes } from '../../trace/data/attributes.js'
import type { Link } from '../../trace/data/link.js'
import type { MessageEvent } from '../../trace/data/message-event.js'
import type { SpanData } from '../../trace/data/span-data.js'
import type { StackTrace } from '../../trace/data/stack-trace.js'
import { type ProtobufWriter, tag } from '../protobuf-writer.js'
import { writeAttribute } from './attributes.js'
import { ITEM } from './envelope.js'

// Fields of opentelemetry.proto.trace.v1: Span, Event, Link, Status.
const TRACE_ID = tag(1, 2)
const SPAN_ID = tag(2, 2)
const TRACE_STATE = tag(3, 2)
const PARENT_SPAN_ID = tag(4, 2)
const NAME = tag(5, 2)
const KIND = tag(6, 0)
const START = tag(7, 1)
const END = tag(8, 1)
const ATTRIBUTES = tag(9, 2)
const DROPPED_ATTRIBUTES = tag(10, 0)
const EVENT = tag(11, 2)
const DROPPED_EVENTS = tag(12, 0)
const LINK = tag(13, 2)
const DROPPED_LINKS = tag(14, 0)
const STATUS = tag(15, 2)
const FLAGS = tag(16, 5)
const EVENT_TIME = tag(1, 1)
const EVENT_NAME = tag(2, 2)
const EVENT_ATTRIBUTES = tag(3, 2)
const LINK_ATTRIBUTES = tag(4, 2)
const STATUS_MESSAGE = tag(2, 2)
const STATUS_CODE = tag(3, 0)

const ERROR = 2
/** OTLP kinds by the OpenCensus kind: unspecified (internal in OTLP), server, client. */
const KINDS = [1, 2, 3] as const
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200
const LINK_TYPES = ['', 'CHILD_LINKED_SPAN', 'PARENT_LINKED_SPAN'] as const
const MESSAGE_TYPES = ['', 'SENT', 'RECEIVED'] as const

/** Writes one span. Fields with their default value are omitted. */
export function writeSpan(out: ProtobufWriter, span: SpanData): void {
  const { context, startTimeUnixMs, dropped, parentSpanId, stackTrace } = span
  const item = out.open(ITEM, 2)
  out.hex(TRACE_ID, context.traceId)
  out.hex(SPAN_ID, context.spanId)
  const traceState = context.traceState?.toString() ?? ''
  if (traceState !== '') out.string(TRACE_STATE, traceState)
  if (parentSpanId !== undefined) out.hex(PARENT_SPAN_ID, parentSpanId)
  if (span.name !== '') out.string(NAME, span.name)
  out.uint(KIND, KINDS[span.kind] ?? KINDS[0])
  out.unixNanos(START, startTimeUnixMs)
  // Computed from the duration: rounding the end time could make a child end after its parent.
  out.unixNanos(END, startTimeUnixMs, Math.round(span.durationMs * 1e6))
  writeAttributes(out, ATTRIBUTES, span.attributes)
  writeOutcome(out, span)
  if (dropped.attributes > 0) out.uint(DROPPED_ATTRIBUTES, dropped.attributes)
  for (const { timeUnixMs, description, attributes } of span.annotations) writeEvent(out, timeUnixMs, description, attributes)
  for (const event of span.messageEvents) writeMessage(out, event)
  if (stackTrace !== undefined && !span.status.isOk) writeException(out, span, stackTrace)
  const droppedEvents = dropped.annotations + dropped.messageEvents
  if (droppedEvents > 0) out.uint(DROPPED_EVENTS, droppedEvents)
  for (const link of span.links) writeLink(out, link)
  if (dropped.links > 0) out.uint(DROPPED_LINKS, dropped.links)
  writeStatus(out, span)
  const flags = (context.options & 0xff) | remoteFlags(span)
  if (flags !== 0) out.fixed32(FLAGS, flags)
  out.close(item, 2)
}

function writeAttributes(out: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) writeAttribute(out, field, key, attributes[key]!)
}

/** Writes the canonical code as `error.type`, and a stack without an error as `code.stacktrace`: OTLP has no fields for them. */
function writeOutcome(out: ProtobufWriter, { status, attributes, stackTrace }: SpanData): void {
  if (!status.isOk && attributes['error.type'] === undefined) writeAttribute(out, ATTRIBUTES, 'error.type', status.name)
  if (status.isOk && stackTrace !== undefined && attributes['code.stacktrace'] === undefined) {
    writeAttribute(out, ATTRIBUTES, 'code.stacktrace', stackText(stackTrace))
  }
}

/** Writes the status of an error. OK is omitted: in OTLP it is an explicit decision of the application's developer. */
function writeStatus(out: ProtobufWriter, { status }: SpanData): void {
  if (status.isOk) return
  const message = out.open(STATUS, 1)
  if (status.message !== undefined && status.message !== '') out.string(STATUS_MESSAGE, status.message)
  out.uint(STATUS_CODE, ERROR)
  out.close(message, 1)
}

function remoteFlags({ parentSpanId, sameProcessAsParentSpan }: SpanData): number {
  if (parentSpanId === undefined || sameProcessAsParentSpan === true) return HAS_IS_REMOTE
  return sameProcessAsParentSpan === false ? HAS_IS_REMOTE | IS_REMOTE : 0
}

function writeEvent(out: ProtobufWriter, timeUnixMs: number, name: string, attributes: Attributes): void {
  const event = out.open(EVENT, 1)
  if (timeUnixMs > 0) out.unixNanos(EVENT_TIME, timeUnixMs)
  if (name !== '') out.string(EVENT_NAME, name)
  writeAttributes(out, EVENT_ATTRIBUTES, attributes)
  out.close(event, 1)
}

function writeMessage(out: ProtobufWriter, { timeUnixMs, type, id, uncompressedSizeBytes, compressedSizeBytes }: MessageEvent): void {
  const kind = MESSAGE_TYPES[type]
  writeEvent(out, timeUnixMs, 'message', {
    ...(kind && { 'message.type': kind }),
    'message.id': id,
    ...(uncompressedSizeBytes !== undefined && uncompressedSizeBytes > 0 && { 'message.uncompressed_size': uncompressedSizeBytes }),
    ...(compressedSizeBytes !== undefined && compressedSizeBytes > 0 && { 'message.compressed_size': compressedSizeBytes }),
  } as Attributes)
}

function writeException(out: ProtobufWriter, { endTimeUnixMs, status }: SpanData, stackTrace: StackTrace): void {
  writeEvent(out, endTimeUnixMs, 'exception', {
    ...(status.message !== undefined && { 'exception.message': status.message }),
    'exception.stacktrace': stackText(stackTrace),
  } as Attributes)
}

function stackText({ frames, droppedFrames }: StackTrace): string {
  const lines = frames.map(
    ({ functionName, fileName, lineNumber, columnNumber }) => `at ${functionName} (${fileName}:${lineNumber}:${columnNumber})`,
  )
  return [...lines, ...(droppedFrames > 0 ? [`… ${droppedFrames} more`] : [])].join('\n')
}

/** Omits a link with invalid ids, because receivers refuse the whole request. */
function writeLink(out: ProtobufWriter, { traceId, spanId, type, attributes }: Link): void {
  if (!/^[\da-f]{32}$/i.test(traceId) || !/^[\da-f]{16}$/i.test(spanId)) return
  const link = out.open(LINK, 1)
  out.hex(TRACE_ID, traceId)
  out.hex(SPAN_ID, spanId)
  if (attributes !== undefined) writeAttributes(out, LINK_ATTRIBUTES, attributes)
  const name = LINK_TYPES[type]
  if (name) writeAttribute(out, LINK_ATTRIBUTES, 'opencensus.link.type', name)
  out.close(link, 1)
}
