import type { SpanContext } from '../context/span-context.js'
import type { SpanScope } from './span-scope.js'
import type { Status } from '../data/status.js'

/** Fields that few spans need. Made when one of them is needed. */
export class SpanExtras {
  /** Of an unsampled span: set when it is first read, by children or headers. */
  context: SpanContext | undefined = undefined
  /** Undefined if none was set. */
  status: Status | undefined = undefined
  scope: SpanScope | undefined = undefined
  /** Only of a sampled span. */
  childSpanCount = 0
}
