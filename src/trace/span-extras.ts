import type { SpanContext } from './span-context.js'
import type { SpanScope } from './span-scope.js'
import type { Status } from './status.js'

/** What few spans need: made when it is. */
export class SpanExtras {
  /** The context of an unsampled span, once it has been asked for. */
  context: SpanContext | undefined = undefined
  /** The status of an unsampled span, where one was set. */
  status: Status | undefined = undefined
  scope: SpanScope | undefined = undefined
}
