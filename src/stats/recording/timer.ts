import type { Clock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import type { Measure } from './measure.js'
import { record } from './record.js'
import type { TagMap, Tags } from '../tags/tag-map.js'

/** How many of a unit are in a millisecond. */
const PER_MILLISECOND: Readonly<Record<string, number>> = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6, min: 1 / 60_000, h: 1 / 3_600_000 }

/** @throws {@link DefinitionError} `ERR_TIMER_UNIT` unless the measure is in s, ms, us, ns, min or h. */
function timerScale({ name, unit }: Measure): number {
  const scale = PER_MILLISECOND[unit]
  if (scale === undefined) {
    throw new DefinitionError('ERR_TIMER_UNIT', `a timer needs a measure in s, ms, us, ns, min or h: ${name} is in ${unit}`)
  }
  return scale
}

/**
 * Records the time from its making to its end, in the measure's unit. Made by `stats.startTimer()`.
 * @example
 * using timer = stats.startTimer(latency, { method: 'GET', route: '/cart' })
 */
export class Timer {
  readonly #measure: Measure
  readonly #tags: Tags | TagMap | undefined
  readonly #clock: Clock
  readonly #scale: number
  readonly #startMs: number
  #elapsed: number | undefined

  /** @internal */
  constructor(measure: Measure, tags: Tags | TagMap | undefined, clock: Clock) {
    this.#measure = measure
    this.#tags = tags
    this.#clock = clock
    this.#scale = timerScale(measure)
    this.#startMs = clock.monotonicMs()
  }

  /**
   * Records and gives the time since the start, in the measure's unit. Again: gives the same, records nothing.
   * @param tags Instead of those given at the start, where they are known only now.
   */
  stop(tags: Tags | TagMap | undefined = this.#tags): number {
    if (this.#elapsed === undefined) {
      this.#elapsed = (this.#clock.monotonicMs() - this.#startMs) * this.#scale
      record(this.#measure, this.#elapsed, tags)
    }
    return this.#elapsed
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/** Runs `fn` and stops the timer when it is done: when its promise settles, where it gives one; also when it fails. */
export function timed<R>(timer: Timer, fn: () => R): R {
  let result: R
  try {
    result = fn()
  } catch (error) {
    timer.stop()
    throw error
  }
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') {
    timer.stop()
    return result
  }
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      timer.stop()
      return value
    },
    (error: unknown) => {
      timer.stop()
      throw error
    },
  ) as R
}
