import type { Sampler } from './sampler.js'

/**
 * Samples every trace, regardless of the parent.
 * @example
 * new Tracer({ sampler: new AlwaysOnSampler() })
 */
export class AlwaysOnSampler implements Sampler {
  readonly description = 'always_on'

  shouldSample(): boolean {
    return true
  }
}

/**
 * Samples no trace, regardless of the parent.
 * @example
 * tracer.span('health', { sampler: new AlwaysOffSampler() }, check)
 */
export class AlwaysOffSampler implements Sampler {
  readonly description = 'always_off'

  shouldSample(): boolean {
    return false
  }
}
