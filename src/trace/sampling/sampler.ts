import type { SpanContext } from '../context/span-context.js'
import type { SpanKind } from '../data/span-kind.js'

/** The input of a sampler. A SpanContext is enough if nothing more is known. */
export interface SamplingInput {
  /** Of the span to be; 32 hex digits. */
  readonly traceId: string
  /** True if the span has a parent that is sampled. */
  readonly sampled: boolean
  /** The parent, local or from another process; undefined for a new trace. */
  readonly parent?: SpanContext | undefined
  /** The span's name. */
  readonly name?: string
  readonly kind?: SpanKind
}

/**
 * Decides whether a span is kept and exported. Called for every new trace and every parent from another process; a span
 * with a local parent keeps its decision, unless it has a sampler of its own. Its latency is recorded either way.
 *
 * @example
 * const checkoutsOnly: Sampler = { shouldSample: ({ name }) => name === 'checkout' }
 */
export interface Sampler {
  shouldSample(input: SamplingInput): boolean
  /** How configuration and pages show it. Default: the class name. */
  readonly description?: string
}
