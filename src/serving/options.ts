import { checkNumber } from '../base/check-options.js'
import { MAX_TIMER_MS } from '../base/timer.js'

/**
 * A whole number among the options, or its default if it was not given.
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` when it is no whole number from `min` to `max`.
 */
export function wholeNumber(name: string, given: number | undefined, fallback: number, min: number, max: number): number {
  return checkNumber('ERR_PROMETHEUS_OPTION', name, given ?? fallback, { min, max, integer: true })
}

/** A time among the options, in milliseconds, at most what Node's timers can wait. */
export function milliseconds(name: string, given: number | undefined, fallback: number, min = 1): number {
  return wholeNumber(name, given, fallback, min, MAX_TIMER_MS)
}

/** The options without a prototype: properties of `Object.prototype` are not options. */
export function ownOptions<T extends object>(options: T): T {
  return Object.assign(Object.create(null), options) as T
}
