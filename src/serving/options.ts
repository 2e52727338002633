import { checkNumber } from '../base/check-options.js'
import { MAX_TIMER_MS } from '../base/timer.js'

/**
 * Reads an option that is a whole number, or returns its default.
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if it is not a whole number from `min` to `max`.
 */
export function wholeNumber(name: string, given: number | undefined, fallback: number, min: number, max: number): number {
  return checkNumber('ERR_PROMETHEUS_OPTION', name, given ?? fallback, { min, max, integer: true })
}

/** Reads an option that is a time in milliseconds, up to the limit of Node's timers. */
export function milliseconds(name: string, given: number | undefined, fallback: number, min = 1): number {
  return wholeNumber(name, given, fallback, min, MAX_TIMER_MS)
}

/** Copies options to an object without a prototype, because properties of `Object.prototype` are not options. */
export function ownOptions<T extends object>(options: T): T {
  return Object.assign(Object.create(null), options) as T
}
