import type { Annotation } from './annotation.js'
import type { AttributeValue } from './attributes.js'
import type { BoundedList } from './bounded-list.js'
import type { BoundedMap } from './bounded-map.js'
import type { Link } from './link.js'
import type { MessageEvent } from './message-event.js'
import type { SpanContext } from './span-context.js'
import { SpanKind } from './span-kind.js'
import type { Status } from './status.js'
import type { StackTrace } from './stack-trace.js'

/**
 * Everything that only sampled spans keep. The span writes it while it runs; once it has ended, its SpanData is a
 * read-only view on this one object, so that nothing is copied.
 */
export class SpanRecord {
  name: string
  kind: SpanKind = SpanKind.UNSPECIFIED
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly sameProcess: boolean | undefined
  /** Monotonic milliseconds. */
  startMs = 0
  /** Monotonic milliseconds; -1 while the span runs. */
  endMs = -1
  /** What has to be added to monotonic time to get wall time: one number for all spans of a trace in this process. */
  offsetMs = 0
  status: Status | undefined = undefined
  childSpanCount = 0
  attributes: BoundedMap<string, AttributeValue> | undefined = undefined
  annotations: BoundedList<Annotation> | undefined = undefined
  messageEvents: BoundedList<MessageEvent> | undefined = undefined
  links: BoundedList<Link> | undefined = undefined
  stackTrace: StackTrace | undefined = undefined
  /** Neighbours in the list of running spans. */
  older: SpanRecord | undefined = undefined
  newer: SpanRecord | undefined = undefined

  constructor(name: string, context: SpanContext, parent: SpanContext | undefined, sameProcess: boolean | undefined) {
    this.name = name
    this.context = context
    this.parent = parent
    this.sameProcess = sameProcess
  }
}
