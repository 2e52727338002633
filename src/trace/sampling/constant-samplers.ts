import type { Sampler } from './sampler.js'

/** Samples every trace, regardless of the parent. */
export class AlwaysOnSampler implements Sampler {
  readonly description = 'always_on'

  shouldSample(): boolean {
    return true
  }
}

/** Samples no trace, regardless of the parent. */
export class AlwaysOffSampler implements Sampler {
  readonly description = 'always_off'

  shouldSample(): boolean {
    return false
  }
}
