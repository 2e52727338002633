import { checkClock, checkOptions, type OptionNames } from '../../base/check-options.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import type { Sampler } from './sampler.js'

export interface RateLimitingSamplerOptions {
  /** Traces sampled per second, from 0; fractions are allowed. Default 0.1, one in ten seconds. */
  readonly perSecond?: number
  /** Traces that may be sampled at once after a quiet period, from 1. Default: `perSecond`, but at least 1. */
  readonly burst?: number
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<RateLimitingSamplerOptions> = { perSecond: true, burst: true, clock: true }

/**
 * Samples the first traces of each second, up to a limit. It ignores the decision of a parent in another process, so that a caller that
 * marks every request as sampled cannot exceed the limit. It does not decide by the trace id.
 *
 * @example
 * new Tracer({ sampler: new RateLimitingSampler({ perSecond: 5 }) })
 */
export class RateLimitingSampler implements Sampler {
  readonly perSecond: number
  readonly #burst: number
  readonly #clock: Clock
  #tokens: number
  #filledAtMs: number

  /** @throws {@link DefinitionError} `ERR_SAMPLING_RATE` if `perSecond` is negative or not a number, or `burst` is below 1; `ERR_OPTION` for other options. */
  constructor(options: RateLimitingSamplerOptions | number = {}) {
    checkOptions('RateLimitingSampler', typeof options === 'number' ? undefined : options, OPTIONS)
    const given: RateLimitingSamplerOptions = typeof options === 'number' ? { perSecond: options } : options
    const { perSecond = 0.1, clock = systemClock } = given
    checkClock('RateLimitingSampler', clock)
    if (!(Number.isFinite(perSecond) && perSecond >= 0)) {
      throw new DefinitionError('ERR_SAMPLING_RATE', `perSecond must be a finite number from 0: it is ${inspectValue(perSecond)}`)
    }
    const { burst = Math.max(1, perSecond) } = given
    if (!(Number.isFinite(burst) && burst >= 1)) {
      throw new DefinitionError('ERR_SAMPLING_RATE', `burst must be a finite number from 1: it is ${inspectValue(burst)}`)
    }
    this.perSecond = perSecond
    this.#burst = burst
    this.#clock = clock
    this.#tokens = perSecond === 0 ? 0 : burst
    this.#filledAtMs = clock.monotonicMs()
  }

  get description(): string {
    return `rate_limiting(${this.perSecond})`
  }

  shouldSample(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const grown = this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * this.perSecond
    this.#tokens = Math.min(this.#burst, Math.max(0, grown))
    this.#filledAtMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
