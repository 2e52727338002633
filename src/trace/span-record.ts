import type { SpanContext } from './span-context.js'
import type { SpanDetails } from './span-details.js'
import type { SpanKind } from './span-kind.js'
import type { Status } from './status.js'
import type { WallOffset } from './wall-offset.js'

/**
 * Everything that only sampled spans keep. The span writes it while it runs; once it has ended, its SpanData is a
 * read-only view on this one object, so that nothing is copied.
 */
export class SpanRecord {
  name: string
  readonly kind: SpanKind
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly sameProcess: boolean | undefined
  /** Monotonic milliseconds. */
  readonly startMs: number
  readonly wallOffset: WallOffset
  /** Monotonic milliseconds; undefined while the span runs. */
  endMs: number | undefined = undefined
  status: Status | undefined = undefined
  childSpanCount = 0
  details: SpanDetails | undefined = undefined
  /** Neighbours in the list of running spans. */
  older: SpanRecord | undefined = undefined
  newer: SpanRecord | undefined = undefined

  constructor(
    name: string,
    kind: SpanKind,
    context: SpanContext,
    parent: SpanContext | undefined,
    sameProcess: boolean | undefined,
    startMs: number,
    wallOffset: WallOffset,
  ) {
    this.name = name
    this.kind = kind
    this.context = context
    this.parent = parent
    this.sameProcess = sameProcess
    this.startMs = startMs
    this.wallOffset = wallOffset
  }

  get parentSpanId(): string | undefined {
    return this.parent?.isValid ? this.parent.spanId : undefined
  }

  get startTimeUnixMs(): number {
    return this.startMs + this.wallOffset.ms
  }

  get durationMs(): number {
    return this.endMs === undefined ? 0 : Math.max(0, this.endMs - this.startMs)
  }
}
