import { checkOptions, type OptionNames } from '../base/check-options.js'
import type { Clock } from '../base/clock.js'

export interface ManualClockOptions {
  /** Wall time at the start, milliseconds since 1970. Default 2024-01-01T00:00:00Z. */
  readonly unixMs?: number
  /** Monotonic time at the start, in milliseconds. Default 0. */
  readonly monotonicMs?: number
}

const OPTIONS: OptionNames<ManualClockOptions> = { unixMs: true, monotonicMs: true }

interface ManualTimer {
  readonly dueMs: number
  readonly order: number
  readonly fn: () => void
}

/** Node's function, even if a test later replaces the global with a fake. */
const nextTurn = setImmediate

/**
 * A clock that only moves if `advance` is called. Timers fire in order, each at its own time.
 *
 * @example
 * const clock = new ManualClock()
 * const task = exportPeriodically({ producers: [stats], exporter, intervalMs: 1_000, clock })
 * await clock.advanceAsync(10_000) // ten exports
 */
export class ManualClock implements Clock {
  #unixMs: number
  #monotonicMs: number
  #orders = 0
  readonly #timers = new Set<ManualTimer>()

  constructor(options: ManualClockOptions = {}) {
    checkOptions('ManualClock', options, OPTIONS)
    const { unixMs = Date.UTC(2024, 0, 1), monotonicMs = 0 } = options
    this.#unixMs = unixMs
    this.#monotonicMs = monotonicMs
  }

  unixMs(): number {
    return this.#unixMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  setTimer(delayMs: number, fn: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(delayMs, 0), order: this.#orders++, fn }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Number of timers that have neither fired nor been stopped. */
  get timers(): number {
    return this.#timers.size
  }

  /** Advances both times by `ms` milliseconds and fires due timers. Promise callbacks run only afterwards. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) this.#fire(timer)
    this.#moveUpTo(endMs)
  }

  /** Like {@link advance}, but runs all ready promise callbacks before the next timer fires. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await settle()
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#fire(timer)
      await settle()
    }
    this.#moveUpTo(endMs)
  }

  /** Advances both times by `ms` milliseconds at once, like a machine that slept. Due timers fire late, and once. */
  async sleepAsync(ms: number): Promise<void> {
    this.#moveTo(this.#monotonicMs + ms)
    await this.advanceAsync(0)
  }

  /** Sets the wall clock, in milliseconds since 1970. Monotonic time and timers do not change. */
  setUnixMs(unixMs: number): void {
    this.#unixMs = unixMs
  }

  #next(endMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs > endMs) continue
      if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) next = timer
    }
    return next
  }

  #fire(timer: ManualTimer): void {
    this.#timers.delete(timer)
    this.#moveUpTo(timer.dueMs)
    timer.fn()
  }

  /** Advances to a time, unless a function that was called meanwhile has advanced beyond it. */
  #moveUpTo(monotonicMs: number): void {
    if (monotonicMs > this.#monotonicMs) this.#moveTo(monotonicMs)
  }

  #moveTo(monotonicMs: number): void {
    this.#unixMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}

/** Resolves after all promise callbacks that are ready, or become ready meanwhile, have run. */
function settle(): Promise<void> {
  return new Promise((resolve) => void nextTurn(resolve))
}
