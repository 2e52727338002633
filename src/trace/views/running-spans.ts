import { plainAttributes, type Attributes } from '../data/attributes.js'
import type { SpanContext } from '../context/span-context.js'
import type { SpanKind } from '../data/span-kind.js'
import type { SpanRecord } from '../data/span-record.js'

/** A snapshot of a sampled span that has not ended. */
export interface RunningSpan {
  readonly name: string
  readonly kind: SpanKind
  readonly context: SpanContext
  readonly parentSpanId: string | undefined
  readonly startTimeUnixMs: number
  readonly runningMs: number
  readonly attributes: Attributes
}

/**
 * The running sampled spans. Each has a slot, so that adding and removing it takes a few nanoseconds. If all slots are in use, new spans
 * replace others in turn, so that spans that are never ended cannot fill the memory.
 */
export class RunningSpans {
  private readonly slots: (SpanRecord | undefined)[]
  /** Free slots as a stack, so that short spans use the same slots again. */
  private readonly free: Int32Array
  private freeCount: number
  private next = 0

  constructor(max: number) {
    this.slots = new Array<undefined>(max).fill(undefined)
    this.free = Int32Array.from({ length: max }, (_, at) => max - 1 - at)
    this.freeCount = max
  }

  add(span: SpanRecord): void {
    const slot = this.freeCount > 0 ? this.free[--this.freeCount]! : this.othersSlot()
    span.slot = slot
    this.slots[slot] = span
  }

  remove(span: SpanRecord): void {
    const { slot } = span
    if (this.slots[slot] !== span) return // another span has replaced it
    this.slots[slot] = undefined
    this.free[this.freeCount++] = slot
  }

  /** Oldest first. */
  read(nowMs: number): RunningSpan[] {
    return this.slots
      .filter((span) => span !== undefined)
      .sort((a, b) => a.startMs - b.startMs)
      .map((span) => ({
        name: span.name,
        kind: span.kind,
        context: span.context,
        parentSpanId: span.parentSpanId,
        startTimeUnixMs: span.startTimeUnixMs,
        runningMs: Math.max(0, nowMs - span.startMs),
        attributes: plainAttributes(span.details?.attributes),
      }))
  }

  private othersSlot(): number {
    this.next = (this.next + 1) % this.slots.length
    return this.next
  }
}
