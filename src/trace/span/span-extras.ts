import type { SpanContext } from '../context/span-context.js'
import type { SpanDetails } from '../data/span-details.js'
import type { SpanScope } from './span-scope.js'
import type { Status } from '../data/status.js'

/** What few spans need: made when it is. */
export class SpanExtras {
  /** Set when it is first read: by children, headers, exporters. */
  context: SpanContext | undefined = undefined
  /** If one was set. */
  status: Status | undefined = undefined
  scope: SpanScope | undefined = undefined
  /** The details of a sampled span. */
  details: SpanDetails | undefined = undefined
  /** Of a sampled span. */
  childSpanCount = 0
}
