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

/** A scope in the async context, and in its frames the proxy of its span and of the baggage of that. */
export class ContextScope extends ScopeEntry implements Scope, FrameBaggage {
  readonly span: OpenTracingSpanBase
  readonly manager: ScopeManager
  readonly #finishOnClose: boolean
  /** Undefined if a callback bounds the scope. Cleared when the scope is closed, so that successive scopes do not form a chain. */
  #before: Frame | undefined
  #outerBaggage: FrameBaggage | undefined

  constructor(
    manager: ScopeManager,
    owner: object,
    span: OpenTracingSpanBase,
    native: Span | undefined,
    finishOnClose: boolean,
    before: Frame | undefined,
    enclosing: OwnedFrameSpan | undefined,
  ) {
    super(owner, native, enclosing)
    this.span = span
    this.manager = manager
    this.#finishOnClose = finishOnClose
    this.#before = before
  }

  /** The baggage of its span; after it is closed, that of the scope around it. */
  get items(): ReadonlyMap<string, string> | undefined {
    if (this.closed) return this.#outerBaggage?.items
    const { span } = this
    return span instanceof OpenTracingSpan && span.items.size > 0 ? span.items.items : undefined
  }

  /** What a frame that this scope is added to carries. Closed scopes are skipped, so that successive ones do not form a chain. */
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
   * From whatever async context: what holds this scope goes on to the one that was active before. Of scopes that are closed
   * in the wrong order the inner ones stay active.
   */
  close(): void {
    if (this.closed) return misused('closedTwice', 'closed twice')
    const before = this.#before
    if (before === undefined) return misused('notOwner', 'closed although a callback bounds it')
    const isActive = currentEntry(currentFrame(), this.owner) === this
    this.closed = true
    this.#before = undefined
    openScopes.value--
    if (isActive) enterFrame(before)
    else misused('notActive', 'closed while it is not the active one')
    if (this.#finishOnClose) this.span?.finish()
  }

  [Symbol.dispose](): void {
    if (!this.closed) this.close()
  }
}

/** Counts each, and logs each place in the program once. */
function misused(reason: keyof typeof scopeMisuses, what: string): void {
  scopeMisuses[reason].value++
  // [0] the message, [1] here, [2] close, [3] its caller
  const site = new Error('site').stack?.split('\n')[3]?.trim() ?? ''
  warnOnce('TALLYSCOPE_SCOPE_MISUSE', site, `a scope was ${what} ${site}`)
}
