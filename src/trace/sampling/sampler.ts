import type { SpanContext } from '../context/span-context.js'
import type { SpanKind } from '../data/span-kind.js'

/** The input of a sampler. It may be a SpanContext. */
export interface SamplingInput {
  /** Trace id of the new span, 32 hex digits. */
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
 * Decides if a span is sampled and exported. Called for every new trace and every parent from another process. A span with a local parent
 * has the parent's decision, unless it has its own sampler. The latency is recorded in any case.
 *
 * @example
 * const checkoutsOnly: Sampler = { shouldSample: ({ name }) => name === 'checkout' }
 */
export interface Sampler {
  shouldSample(input: SamplingInput): boolean
  /** Name for logs and configuration. Default: the class name. */
  readonly description?: string
}
