import type { AttributesInit } from '../data/attributes.js'
import type { LinkInit } from '../data/link.js'
import type { RemoteSamplingLimit } from '../sampling/remote-sampling-limit.js'
import type { Sampler } from '../sampling/sampler.js'
import type { Span } from './span.js'
import type { SpanContext } from '../context/span-context.js'
import type { SpanKind } from '../data/span-kind.js'

export interface SpanOptions {
  /** Role of the span: `SERVER`, `CLIENT` or `UNSPECIFIED`. Default `UNSPECIFIED`. */
  readonly kind?: SpanKind
  /** Initial attributes: strings, numbers and booleans. Default: none. */
  readonly attributes?: AttributesInit
  /** Links to spans of other traces. Default: none. */
  readonly links?: readonly (LinkInit | SpanContext)[]
  /** A span or a context; null begins a new trace. Default: the current span of the async context. */
  readonly parent?: Span | SpanContext | null | undefined
  /** Sampler of this span, instead of the parent's decision and the tracer's sampler. Default: none. */
  readonly sampler?: Sampler
  /** Start time in milliseconds since 1970, with fractions. Default: now. */
  readonly startTimeUnixMs?: number
  /** Limits how often the sampled flag of a parent in another process is followed. Default: no limit. */
  readonly remoteLimit?: RemoteSamplingLimit | undefined
  /** If true, the span begins a new trace with a link to a parent from another process. Default: the tracer's `untrusted`. */
  readonly untrusted?: boolean
}
