import type { Clock } from '../../base/clock.js'
import { RateLimitingSampler } from './rate-limiting-sampler.js'

const PER_SECOND = 10

/**
 * Limits how often a server follows a caller's decision to sample a trace: ten times a second, ten at once. Beyond that, and for callers
 * that do not sample, the server's own sampler decides. A caller's decision not to sample is passed to it. The trace keeps the caller's id.
 */
export class RemoteSamplingLimit {
  readonly #limiter: RateLimitingSampler

  constructor(clock?: Clock) {
    this.#limiter = new RateLimitingSampler({ perSecond: PER_SECOND, burst: PER_SECOND, ...(clock !== undefined && { clock }) })
  }

  /** True if the caller's decision is followed. */
  allows({ sampled }: { readonly sampled: boolean }): boolean {
    return sampled && this.#limiter.shouldSample()
  }
}
