import type { Sampler } from './sampler.js'

/** Samples every trace, whatever the parent says. */
export class AlwaysOnSampler implements Sampler {
  readonly description = 'always_on'

  shouldSample(): boolean {
    return true
  }
}

/** Samples no trace, whatever the parent says. */
export class AlwaysOffSampler implements Sampler {
  readonly description = 'always_off'

  shouldSample(): boolean {
    return false
  }
}
