import type { Span as OpenTracingSpanBase } from 'opentracing'
import { currentFrame, enterFrame, type Frame, type FrameBaggage } from '../../base/context.js'
import { warnOnce } from '../../base/logger.js'
import { currentEntry, ScopeEntry } from '../../trace/span/current-span.js'
import type { Span } from '../../trace/span/span.js'
import type { OwnedFrameSpan } from '../../trace/span/span-scope.js'
import { openScopes, scopeMisuses } from './opentracing-counts.js'
import { OpenTracingSpan } from './opentracing-span.js'
import type { Scope, ScopeManager } from './scope-manager.js'

const MANY_OPEN = 10_000

/** How a scope without a callback was opened. */
interface Activation {
  readonly finishOnClose: boolean
  /** The frame to return to. */
  readonly before: Frame
  readonly enclosing: OwnedFrameSpan | undefined
}

/** A scope in the async context. Frames refer to the span and its baggage through the scope. */
export class ContextScope extends ScopeEntry implements Scope, FrameBaggage {
  readonly span: OpenTracingSpanBase
  readonly manager: ScopeManager
  /** Undefined for a scope of a callback. Cleared by `close()`, so that successive scopes do not form a chain. */
  #activation: Activation | undefined
  #outerBaggage: FrameBaggage | undefined

  constructor(manager: ScopeManager, owner: object, span: OpenTracingSpanBase, native: Span | undefined, activation?: Activation) {
    super(owner, native, activation?.enclosing)
    this.span = span
    this.manager = manager
    this.#activation = activation
  }

  /** The baggage of the span, or of the outer scope once this one is closed. */
  get items(): ReadonlyMap<string, string> | undefined {
    if (this.closed) return this.#outerBaggage?.items
    const { span } = this
    return span instanceof OpenTracingSpan && span.items.size > 0 ? span.items.items : undefined
  }

  /** For logs. The other fields are internal. */
  toJSON(): { readonly span: OpenTracingSpanBase } {
    return { span: this.span }
  }

  /** The baggage of a frame with this scope. Skips closed scopes, so that successive scopes do not form a chain. */
  baggageOver(outer: FrameBaggage | undefined): FrameBaggage | undefined {
    let open = outer
    while (open instanceof ContextScope && open.closed) open = open.#outerBaggage
    this.#outerBaggage = open
    return open !== undefined || this.items !== undefined ? this : undefined
  }

  enter(frame: Frame): void {
    enterFrame(frame)
    if (++openScopes.value === MANY_OPEN) {
      warnOnce('TALLYSCOPE_SCOPE_MISUSE', 'many', `${MANY_OPEN} scopes are open and were never closed`)
    }
  }

  /**
   * Makes the previous scope active again, in all async contexts in which this scope is active. If an outer scope is closed first, the
   * inner one stays active. Closing twice, or in the wrong order, is counted and logged.
   */
  close(): void {
    if (this.closed) return misused('closedTwice', 'closed twice')
    const activation = this.#activation
    if (activation === undefined) return misused('notOwner', 'closed although it ends with its callback')
    const isActive = currentEntry(currentFrame(), this.owner) === this
    this.closed = true
    this.#activation = undefined
    openScopes.value--
    if (isActive) enterFrame(activation.before)
    else misused('notActive', 'closed while it was not active')
    if (activation.finishOnClose) this.span?.finish()
  }

  [Symbol.dispose](): void {
    if (!this.closed) this.close()
  }
}

/** Counts a misuse, and logs it once for each place in the program. */
function misused(reason: keyof typeof scopeMisuses, what: string): void {
  scopeMisuses[reason].value++
  // [0] the message, [1] here, [2] close, [3] its caller
  const site = new Error('site').stack?.split('\n')[3]?.trim() ?? ''
  warnOnce('TALLYSCOPE_SCOPE_MISUSE', site, `a scope was ${what} ${site}`)
}
