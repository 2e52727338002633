import type { Clock } from '../../base/clock.js'
import { RateLimitingSampler } from './rate-limiting-sampler.js'

const PER_SECOND = 10

/**
 * How often callers from other processes may decide that a trace is sampled, for servers that do not know their callers: ten
 * times a second, ten at once. Beyond that, and for callers that do not sample, the server's sampler decides as for a trace of its own;
 * the trace goes on under the caller's id.
 */
export class RemoteSamplingLimit {
  readonly #limiter: RateLimitingSampler

  constructor(clock?: Clock) {
    this.#limiter = new RateLimitingSampler({ perSecond: PER_SECOND, burst: PER_SECOND, ...(clock !== undefined && { clock }) })
  }

  /** Whether the caller decides. */
  allows({ sampled }: { readonly sampled: boolean }): boolean {
    return sampled && this.#limiter.shouldSample()
  }
}
