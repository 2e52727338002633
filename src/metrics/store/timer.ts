import { inspectValue } from '../../base/inspect-value.js'
import type { Clock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { finallyAsync } from '../../base/finally-async.js'
import { labelsOf, type Labels } from './shared-tag-map.js'

/** How many of a unit are in a millisecond. */
const PER_MILLISECOND: Readonly<Record<string, number>> = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6, min: 1 / 60_000, h: 1 / 3_600_000 }

/** @throws {@link DefinitionError} `ERR_TIMER_UNIT` unless the unit is s, ms, us, ns, min or h. */
function timerScale(name: string, unit: string): number {
  if (Object.hasOwn(PER_MILLISECOND, unit)) return PER_MILLISECOND[unit]!
  throw new DefinitionError('ERR_TIMER_UNIT', `a timer needs a unit of time (s, ms, us, ns, min, h): ${name} is in ${inspectValue(unit)}`)
}

export interface TimerTarget<T> {
  /** What is measured, for the error message. */
  readonly name: string
  readonly unit: string
  readonly clock: Clock
  record(value: number, tags: T | undefined): void
}

/**
 * Records the time between its start and its end, in the unit of what it measures. Made by `stats.startTimer()`,
 * and by `startTimer()` of a histogram or a summary.
 * @example
 * using timer = stats.startTimer(latency, { method: 'GET', route: '/cart' })
 */
export class Timer<T extends object = object> {
  readonly #target: TimerTarget<T>
  readonly #tags: T | undefined
  readonly #scale: number
  readonly #startMs: number
  #elapsed: number | undefined

  /** @internal */
  constructor(target: TimerTarget<T>, tags: T | undefined) {
    this.#target = target
    this.#tags = tags
    this.#scale = timerScale(target.name, target.unit)
    this.#startMs = target.clock.monotonicMs()
  }

  /**
   * Records and returns the time since the start, in the unit of what is measured. A second call returns the same and records nothing.
   * @param tags Tags known only now; they are added to those of the start, and win over them.
   */
  stop(tags?: Partial<T>): number {
    if (this.#elapsed === undefined) {
      this.#elapsed = (this.#target.clock.monotonicMs() - this.#startMs) * this.#scale
      this.#target.record(this.#elapsed, both(this.#tags, tags))
    }
    return this.#elapsed
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/** The tags of the start with those of the end; as they are if there are only one or the other. */
function both<T extends object>(first: T | undefined, later: Partial<T> | undefined): T | undefined {
  if (later === undefined) return first
  if (first === undefined) return later as T
  try {
    return { ...labelsOf(first as Labels), ...labelsOf(later as Labels) } as T
  } catch {
    return later as T // a getter threw: recording them counts that
  }
}

/** Runs `fn` and stops the timer when it has ended, also if it fails: if it returns a promise, when that has settled. */
export function timed<R>(timer: Timer, fn: () => R): R {
  return finallyAsync(() => fn(), timer, stopTimer)
}

function stopTimer(timer: Timer): void {
  timer.stop()
}
