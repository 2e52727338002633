import { getOrInsert } from '../../base/get-or-insert.js'
import type { Annotation } from './annotation.js'
import { type Attributes, attributesJson } from './attributes.js'
import { isoMicroseconds } from './iso-time.js'
import { type Link, linkJson } from './link.js'
import { type MessageEvent, messageEventJson } from './message-event.js'
import type { SpanKind } from './span-kind.js'
import type { StackTrace } from './stack-trace.js'
import type { Status } from './status.js'
import { type TruncatableString, truncatable } from './truncatable.js'

/** The JSON form of one span within a trace document. */
export interface SpanJson {
  readonly displayName: TruncatableString
  readonly spanId: string
  readonly startTime: string
  readonly endTime: string
  readonly childSpanCount: number
  readonly kind: SpanKind
  readonly [more: string]: unknown
}

/** Spans of one trace in the JSON form of OpenCensus. */
export interface TraceDocument {
  readonly traceId: string
  readonly spans: readonly SpanJson[]
}

/** The fields of the JSON form: a SpanData, or an object of its shape. */
interface SpanFields {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly kind: SpanKind
  readonly startTimeUnixMs: number
  readonly endTimeUnixMs: number
  readonly childSpanCount: number
  readonly sameProcessAsParentSpan: boolean | undefined
  readonly attributes: Attributes
  readonly annotations: readonly Annotation[]
  readonly messageEvents: readonly MessageEvent[]
  readonly links: readonly Link[]
  readonly status: Status
  readonly hasStatus: boolean
  readonly stackTrace: StackTrace | undefined
  readonly dropped: { readonly attributes: number; readonly annotations: number; readonly messageEvents: number; readonly links: number }
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0

/** A property that is left out if it is empty, with its drop count if something was dropped. */
function part(name: string, content: object, empty: boolean, dropped: Record<string, number>): object | false {
  const counts = Object.fromEntries(Object.entries(dropped).filter(([, count]) => count > 0))
  return (!empty || !isEmpty(counts)) && { [name]: { ...content, ...counts } }
}

function timeEvents({ annotations, messageEvents }: SpanFields): object[] {
  return [
    ...annotations.map(({ timeUnixMs, description, attributes }) => ({
      time: isoMicroseconds(timeUnixMs),
      annotation: {
        description: truncatable(description),
        ...(!isEmpty(attributes) && { attributes: attributesJson(attributes) }),
      },
    })),
    ...messageEvents.map((event) => ({ time: isoMicroseconds(event.timeUnixMs), message_event: messageEventJson(event) })),
  ]
}

/** The JSON form of one span. */
export function spanJson(span: SpanFields): SpanJson {
  const { dropped } = span
  const events = timeEvents(span)
  return {
    displayName: truncatable(span.name),
    spanId: span.spanId,
    startTime: isoMicroseconds(span.startTimeUnixMs),
    endTime: isoMicroseconds(span.endTimeUnixMs),
    childSpanCount: span.childSpanCount,
    kind: span.kind,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    ...part('attributes', attributesJson(span.attributes), isEmpty(span.attributes), { droppedAttributesCount: dropped.attributes }),
    ...(span.stackTrace !== undefined && { stackTrace: span.stackTrace.toJSON() }),
    ...part('timeEvents', { timeEvent: events }, events.length === 0, {
      droppedAnnotationsCount: dropped.annotations,
      droppedMessageEventsCount: dropped.messageEvents,
    }),
    ...part('links', { link: span.links.map(linkJson) }, span.links.length === 0, { droppedLinksCount: dropped.links }),
    ...(span.hasStatus && { status: span.status.toJSON() }),
    ...(span.sameProcessAsParentSpan !== undefined && { sameProcessAsParentSpan: span.sameProcessAsParentSpan }),
  }
}

/**
 * Returns one document for each trace, in the order in which the traces first appear.
 * @example
 * for (const document of traceDocuments(exporter.items)) console.log(JSON.stringify(document))
 */
export function traceDocuments(spans: readonly SpanFields[]): TraceDocument[] {
  const byTrace = new Map<string, SpanJson[]>()
  for (const span of spans) getOrInsert(byTrace, span.traceId, () => []).push(spanJson(span))
  return [...byTrace].map(([traceId, json]) => ({ traceId, spans: json }))
}
