import type { SpanContext } from '../context/span-context.js'
import type { SpanScope } from './span-scope.js'
import type { Status } from '../data/status.js'

/** Fields that few spans need. Created when one of them is first set. */
export class SpanExtras {
  /** The context of an unsampled span, created when it is first read. */
  context: SpanContext | undefined = undefined
  /** Undefined if none was set. */
  status: Status | undefined = undefined
  scope: SpanScope | undefined = undefined
  /** Only for sampled spans. */
  childSpanCount = 0
}
