import type { Clock } from '../../base/clock.js'
import type { RandomWords } from '../../trace/context/random-source.js'

/** A finished span of a tracer in mock mode. */
export interface FinishedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  /** The values as they were passed. If a key was set again, the last value. */
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

/** A clock that advances by a millisecond with each event, so that every run has the same times. */
class MockClock implements Clock {
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

/** A source of consecutive ids. */
export class CountingWords implements RandomWords {
  #last = 0

  next(): number {
    return ++this.#last
  }
}

/** Keeps the newest 10 000 finished spans of a tracer in mock mode. */
export class MockRecorder {
  readonly clock: MockClock = new MockClock()
  readonly finished: FinishedSpan[] = []

  add(span: FinishedSpan): void {
    this.finished.push(span)
    if (this.finished.length > MAX_SPANS) this.finished.shift()
  }
}
