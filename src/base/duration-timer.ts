import { checkFunction } from './check-options.js'
import type { Clock } from './clock.js'
import { DefinitionError } from './errors.js'
import { finallyAsync } from './finally-async.js'
import { inspectValue } from './strings/inspect-value.js'

/** Units per millisecond. */
const PER_MILLISECOND: Readonly<Record<string, number>> = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6, min: 1 / 60_000, h: 1 / 3_600_000 }

/** @throws {@link DefinitionError} `ERR_TIMER_UNIT` unless the unit is s, ms, us, ns, min or h. */
function timerScale(name: string, unit: string): number {
  if (Object.hasOwn(PER_MILLISECOND, unit)) return PER_MILLISECOND[unit]!
  throw new DefinitionError('ERR_TIMER_UNIT', `a timer needs a unit of time (s, ms, us, ns, min, h): ${name} is in ${inspectValue(unit)}`)
}

interface TimerTarget<T> {
  /** Name of the measure or instrument, for the error message. */
  readonly name: string
  readonly unit: string
  readonly clock: Clock
  /** Merges the tags given at the start with those given at the end, which take precedence. Throws what a getter throws. */
  merge(first: T, later: Partial<T>): T
  record(value: number, tags: T | undefined): void
}

/**
 * Records the time between its start and its end, in the unit of the measure. Created by `stats.startTimer()` and by `startTimer()` of a
 * histogram or a summary.
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
   * Records and returns the time since the start, in the unit of the measure. A second call returns the same value and records nothing.
   * @param tags Tags that are known only now. They are added to those of the start and take precedence.
   */
  stop(tags?: Partial<T>): number {
    if (this.#elapsed === undefined) {
      this.#elapsed = (this.#target.clock.monotonicMs() - this.#startMs) * this.#scale
      this.#target.record(this.#elapsed, this.#with(tags))
    }
    return this.#elapsed
  }

  #with(later: Partial<T> | undefined): T | undefined {
    if (later === undefined) return this.#tags
    if (this.#tags === undefined) return later as T
    try {
      return this.#target.merge(this.#tags, later)
    } catch {
      return later as T // a getter threw: recording them counts that
    }
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/**
 * Runs `fn` and stops the timer when it has returned, failed, or its promise has settled.
 * @throws {@link DefinitionError} `ERR_FUNCTION` if `fn` is not a function. Nothing is recorded.
 */
export function timed<R>(timer: Timer, fn: () => R): R {
  checkFunction('the last argument of time', fn)
  return finallyAsync(() => fn(), timer, stopTimer)
}

function stopTimer(timer: Timer): void {
  timer.stop()
}
