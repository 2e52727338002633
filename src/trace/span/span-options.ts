import type { AttributesInit } from '../data/attributes.js'
import type { LinkInit } from '../data/link.js'
import type { RemoteSamplingLimit } from '../sampling/remote-sampling-limit.js'
import type { Sampler } from '../sampling/sampler.js'
import type { Span } from './span.js'
import type { SpanContext } from '../context/span-context.js'
import type { SpanKind } from '../data/span-kind.js'

export interface SpanOptions {
  /** Default UNSPECIFIED. */
  readonly kind?: SpanKind
  readonly attributes?: AttributesInit
  readonly links?: readonly (LinkInit | SpanContext)[]
  /** A span or a context; null begins a new trace. Default: the current span of the async context. */
  readonly parent?: Span | SpanContext | null | undefined
  /** Decides for this span, whatever its parent or the tracer's sampler say. */
  readonly sampler?: Sampler
  /** When it started, in milliseconds since 1970. Default: now. */
  readonly startTimeUnixMs?: number
  /** Takes the sampled flag of a parent from another process only within a limit. Default: every one. */
  readonly remoteLimit?: RemoteSamplingLimit | undefined
  /** Do not continue a parent from another process: begin a new trace and link to it. Default: the tracer's `untrusted`. */
  readonly untrusted?: boolean
}
