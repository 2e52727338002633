import type { SpanContext } from '../context/span-context.js'
import type { SpanScope } from './span-scope.js'
import type { Status } from '../data/status.js'

/** What few spans need: made when it is. */
export class SpanExtras {
  /** Of an unsampled span: set when it is first read, by children or headers. */
  context: SpanContext | undefined = undefined
  /** If one was set. */
  status: Status | undefined = undefined
  scope: SpanScope | undefined = undefined
  /** Of a sampled span. */
  childSpanCount = 0
}
