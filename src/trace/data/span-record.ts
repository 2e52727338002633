import type { SpanContext } from '../context/span-context.js'
import type { SpanDetails } from './span-details.js'
import type { SpanKind } from './span-kind.js'
import type { Status } from './status.js'

/** The fields of a sampled span that SpanData reads. */
export interface SpanRecord {
  readonly name: string
  readonly kind: SpanKind
  readonly context: SpanContext
  readonly parentSpanId: string | undefined
  readonly sameProcess: boolean | undefined
  /** Monotonic milliseconds. */
  readonly startMs: number
  readonly startTimeUnixMs: number
  /** Monotonic milliseconds; undefined while the span runs. */
  readonly endMs: number | undefined
  readonly status: Status
  readonly hasStatus: boolean
  readonly childSpanCount: number
  readonly details: SpanDetails | undefined
  /** Its index among the running spans. */
  slot: number
}

/** Milliseconds from start to end, never negative; 0 while the span runs. */
export function durationMsOf({ startMs, endMs }: SpanRecord): number {
  return endMs === undefined || endMs < startMs ? 0 : endMs - startMs
}
