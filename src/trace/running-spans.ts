import { plainAttributes, type Attributes } from './attributes.js'
import type { SpanContext } from './span-context.js'
import type { SpanKind } from './span-kind.js'
import type { SpanRecord } from './span-record.js'

/** A sampled span that has not ended, as it was when asked. */
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
 * The sampled spans that run now, in a list that runs through their records: to come and to go costs a few
 * assignments. Where more than `max` are open the oldest leave the list, so that spans that are never ended
 * cannot fill the memory.
 */
export class RunningSpans {
  readonly #max: number
  #oldest: SpanRecord | undefined
  #newest: SpanRecord | undefined
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  add(record: SpanRecord): void {
    record.older = this.#newest
    if (this.#newest === undefined) this.#oldest = record
    else this.#newest.newer = record
    this.#newest = record
    if (++this.#size > this.#max) this.remove(this.#oldest!)
  }

  remove(record: SpanRecord): void {
    const { older, newer } = record
    if (older === undefined && newer === undefined && this.#oldest !== record) return // it had to leave before
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    record.older = undefined
    record.newer = undefined
    this.#size--
  }

  /** Oldest first. */
  read(nowMs: number): RunningSpan[] {
    const running: RunningSpan[] = []
    for (let record = this.#oldest; record !== undefined; record = record.newer) {
      const { name, kind, context, parentSpanId, startMs, startTimeUnixMs, details } = record
      running.push({
        name,
        kind,
        context,
        parentSpanId,
        startTimeUnixMs,
        runningMs: Math.max(0, nowMs - startMs),
        attributes: plainAttributes(details?.attributes),
      })
    }
    return running
  }
}
