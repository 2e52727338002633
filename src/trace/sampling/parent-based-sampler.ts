import { checkMethods, checkRequiredOptions, type OptionNames } from '../../base/check-options.js'
import { AlwaysOffSampler, AlwaysOnSampler } from './constant-samplers.js'
import type { Sampler, SamplingInput } from './sampler.js'

export interface ParentBasedSamplerOptions {
  /** Sampler of new traces. */
  readonly root: Sampler
  /** Sampler of spans whose parent is sampled. Default: always. */
  readonly sampledParent?: Sampler
  /** Sampler of spans whose parent is not sampled. Default: never. */
  readonly unsampledParent?: Sampler
}

const OPTIONS: OptionNames<ParentBasedSamplerOptions> = { root: true, sampledParent: true, unsampledParent: true }

/**
 * Decides as the parent did, and calls another sampler for new traces.
 *
 * @example
 * new Tracer({ sampler: new ParentBasedSampler({ root: new ProbabilitySampler(0.1) }) })
 */
export class ParentBasedSampler implements Sampler {
  readonly #root: Sampler
  readonly #sampledParent: Sampler
  readonly #unsampledParent: Sampler

  /** @throws {@link DefinitionError} `ERR_OPTION` for an unknown option, `ERR_TRACER_OPTION` for an invalid sampler. */
  constructor(options: ParentBasedSamplerOptions) {
    checkRequiredOptions('ParentBasedSampler', options, OPTIONS)
    const { root, sampledParent = new AlwaysOnSampler(), unsampledParent = new AlwaysOffSampler() } = options
    for (const [name, sampler] of Object.entries({ root, sampledParent, unsampledParent })) {
      checkMethods('ERR_TRACER_OPTION', `${name} of ParentBasedSampler`, sampler, ['shouldSample'])
    }
    this.#root = root
    this.#sampledParent = sampledParent
    this.#unsampledParent = unsampledParent
  }

  get description(): string {
    return `parent_based(${this.#root.description ?? this.#root.constructor.name})`
  }

  shouldSample(input: SamplingInput): boolean {
    if (input.sampled) return this.#sampledParent.shouldSample(input)
    return (input.parent === undefined ? this.#root : this.#unsampledParent).shouldSample(input)
  }
}
