import type { SamplingInput } from './sampler.js'
import type { SpanContext } from '../context/span-context.js'
import type { SpanKind } from '../data/span-kind.js'
import type { TraceId } from '../context/trace-id.js'

/** The input of a sampler. The string of the trace id is only created if the sampler reads it. */
export class SamplingRequest implements SamplingInput {
  readonly trace: TraceId
  readonly parent: SpanContext | undefined
  readonly name: string
  readonly kind: SpanKind

  constructor(trace: TraceId, parent: SpanContext | undefined, name: string, kind: SpanKind) {
    this.trace = trace
    this.parent = parent
    this.name = name
    this.kind = kind
  }

  get traceId(): string {
    return this.trace.hex
  }

  get sampled(): boolean {
    return this.parent?.sampled === true
  }
}
