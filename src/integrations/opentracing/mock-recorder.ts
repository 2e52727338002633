import type { Clock } from '../../base/clock.js'
import type { RandomWords } from '../../trace/context/random-source.js'

/** A span of a tracer in mock mode, once it has been finished. */
export interface FinishedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  /** As they were passed, the last one of a key. */
  readonly tags: Readonly<Record<string, unknown>>
  /** Times in milliseconds since 1970. */
  readonly logs: readonly { readonly time: number; readonly fields: Readonly<Record<string, unknown>> }[]
  /** Milliseconds since 1970. */
  readonly start: number
  /** Milliseconds since 1970. */
  readonly end: number
}

const MAX_SPANS = 10_000
const FIRST_UNIX_MS = Date.UTC(2024, 0, 1)

/** Each reading is a millisecond later than the one before: every run of a program has the same times. */
export class MockClock implements Clock {
  #ms = 0

  unixMs(): number {
    return FIRST_UNIX_MS + this.#ms
  }

  monotonicMs(): number {
    return this.#ms
  }

  tickUnixMs(): number {
    this.#ms++
    return this.unixMs()
  }
}

/** Ids that count up. */
export class CountingWords implements RandomWords {
  #last = 0

  next(): number {
    return ++this.#last
  }
}

/** What a tracer in mock mode keeps: the newest 10 000 finished spans. */
export class MockRecorder {
  readonly clock: MockClock = new MockClock()
  readonly finished: FinishedSpan[] = []

  add(span: FinishedSpan): void {
    this.finished.push(span)
    if (this.finished.length > MAX_SPANS) this.finished.shift()
  }
}
