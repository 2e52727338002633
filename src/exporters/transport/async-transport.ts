import { type Clock, timerClock } from '../../base/clock.js'
import { checkExporter, type Exporter, type Transport } from '../../base/exporter.js'
import { RateLimitedLog } from '../../base/rate-limited-log.js'
import { componentName } from '../../base/strings/inspect-value.js'
import { runDetached } from '../../base/suppression.js'
import { exportNow, settleNow } from './export-sync.js'
import { MAX_TIMER_MS, startTimer } from '../../base/timer.js'
import { HungCalls, settle, TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import { type AsyncTransportOptions, type AsyncTransportSettings, checkAsyncTransport } from './async-transport-options.js'
import { BoundedQueue } from './bounded-queue.js'
import { EndableDelay } from './endable-delay.js'
import { type ExportFailure, exportFailure, retryDelayMs } from '../../base/export-failure.js'
import { type RejectReason, type TransportAccounting, TransportStats } from './transport-stats.js'

/** A caller that waits until the first `items` items ever queued are done. */
interface Waiter {
  readonly items: number
  readonly done: () => void
}

/**
 * Queues items and exports them in batches, one at a time.
 *
 * An export starts when a batch is full, when the queue has half of its bytes, or when its first item has waited for `waitPeriodMs`. Batches
 * that fail with a retryable error are retried with exponential backoff. If the queue is full (2 048 items or 8 MiB), new items are dropped.
 * Every item is counted, see {@link accounting}.
 *
 * An export that exceeds `exportTimeoutMs` counts as rejected. The next one waits until it has settled, for a minute at most. A
 * {@link TransportError} from the exporter ends the transport.
 *
 * Its timers do not keep the process alive: call `shutdown()` at the end, or use {@link installShutdownHooks}.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER`; `ERR_TRANSPORT_OPTION` if an option is out of range.
 * @example
 * const transport = new AsyncTransport(new FileExporter({ path: 'traces.jsonl' }), { maxBatchSize: 100, waitPeriodMs: 30_000 })
 */
export class AsyncTransport<T> implements Transport<T> {
  readonly exporter: Exporter<T>
  readonly #settings: AsyncTransportSettings
  readonly #clock: Clock
  readonly #queue: BoundedQueue<T>
  readonly #stats: TransportStats
  readonly #failureLog: RateLimitedLog
  readonly #waiters = new Set<Waiter>()
  #isWorking = false
  /** The number of items ever queued. Those up to `#dueUpTo` do not wait for a full batch. */
  #queuedEver = 0
  #dueUpTo = 0
  #timerDueMs = Number.POSITIVE_INFINITY
  #stopTimer: () => void = () => {}
  /** The delay before a retry. */
  readonly #delay = new EndableDelay()
  /** The current call of `export`. */
  #exporting: { readonly items: number } | undefined
  /** The items that wait for a retry. */
  #delayed: readonly T[] | undefined
  /** The number of consecutive retryable failures, also of different batches. The delay grows with it. */
  #failures = 0
  #graceEndsMs = Number.POSITIVE_INFINITY
  readonly #hung = new HungCalls()
  /** Why all remaining items were dropped. New ones are dropped too. */
  #end: 'ended' | 'grace_period' | undefined
  #lastFlush: { readonly items: number; readonly endsMs: number; readonly done: Promise<void> } | undefined
  #shutdown: Promise<void> | undefined

  constructor(exporter: Exporter<T>, options: AsyncTransportOptions<T> = {}) {
    checkExporter(exporter)
    this.exporter = exporter
    this.#settings = checkAsyncTransport(options)
    const { clock = timerClock, logger } = options
    this.#clock = clock
    this.#queue = new BoundedQueue({ ...this.#settings, itemBytes: options.itemBytes, clock })
    const name = componentName(exporter, 'exporter')
    this.#stats = new TransportStats(name)
    this.#failureLog = new RateLimitedLog({ code: 'TALLYSCOPE_EXPORT_FAILED', subject: `exporter ${name}`, logger, clock })
  }

  /** The states of all items sent to this transport: `accepted = exported + rejected + dropped + queued + inFlight`. */
  get accounting(): TransportAccounting {
    return this.#stats.accounting
  }

  /** Puts an item into the queue. If the queue is full, the item is dropped and counted. */
  send(item: T): void {
    if (this.#end !== undefined || this.#shutdown !== undefined) return this.#stats.accept(this.#end === 'ended' ? 'ended' : 'shutdown')
    const refused = this.#queue.push(item)
    this.#stats.accept(refused)
    if (refused !== undefined) return this.#reportFull(refused)
    this.#queuedEver++
    if (this.#isWorking) return
    // The timer is set for the first item. Only this item, a full batch and large items change when work begins.
    if (this.#queue.length === this.#settings.maxBatchSize || this.#queue.isHalfFull) this.#wakeAt(Number.NEGATIVE_INFINITY)
    else if (this.#queue.length === 1) this.#wakeAt(this.#queue.oldestMs + this.#settings.waitPeriodMs)
  }

  /**
   * Exports everything sent before. Resolves when all of it is exported or counted as lost, or after `timeoutMs` (default:
   * `gracePeriodMs`). Does not shorten the delay before a retry. Never rejects.
   */
  flush(timeoutMs: number = this.#settings.gracePeriodMs): Promise<void> {
    if (this.#stats.queued + this.#stats.inFlight === 0) return Promise.resolve()
    const limitMs = timeoutMs >= 0 ? Math.min(timeoutMs, MAX_TIMER_MS) : this.#settings.gracePeriodMs
    const endsMs = this.#clock.monotonicMs() + limitMs
    const items = this.#queuedEver
    // Concurrent calls share one flush.
    if (this.#lastFlush?.items === items && Math.abs(this.#lastFlush.endsMs - endsMs) <= 1) return this.#lastFlush.done
    const done = new Promise<void>((resolve) => {
      const waiter: Waiter = { items, done: () => (stop(), resolve()) }
      const stop = startTimer(this.#clock, limitMs, () => this.#dismiss(waiter), { keepAlive: true })
      this.#waiters.add(waiter)
    })
    this.#lastFlush = { items, endsMs, done }
    this.#dueUpTo = items
    if (!this.#isWorking) void this.#work()
    return done
  }

  /**
   * Stops accepting items, exports the remaining ones within the grace period, logs how many were lost, and shuts down the exporter. Ends
   * the delay before a retry. Further calls return the same promise.
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#shutDown()
    return this.#shutdown
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  /**
   * Exports all items that are queued or wait for a retry synchronously, if the exporter has `exportSync` or an `export` that returns no
   * promise. Items that are being exported are left to `exporter.flushSync`. Without it, they count as lost if the process ends.
   */
  flushSync(): void {
    const { exporter } = this
    const parts = { exporter, stats: this.#stats, log: this.#failureLog }
    if (this.#exporting !== undefined && settleNow(parts, this.#exporting.items)) this.#exporting = undefined
    const queued = this.#queue.takeAll()
    const items = [...(this.#delayed ?? []), ...queued]
    this.#delayed = undefined
    this.#delay.end()
    this.#stats.depart(queued.length)
    exportNow(parts, items)
    this.#notifyWaiters()
  }

  #reportFull(refused: 'queue_full' | 'queue_bytes'): void {
    const bound = refused === 'queue_bytes' ? `${this.#settings.maxQueueBytes} bytes` : `${this.#settings.maxQueueSize} items`
    this.#failureLog.report(`is too slow: the queue is full with ${bound} and new items are dropped`)
  }

  async #shutDown(): Promise<void> {
    const { gracePeriodMs } = this.#settings
    this.#graceEndsMs = this.#clock.monotonicMs() + gracePeriodMs
    this.#failures = 0 // there is no time for long delays
    this.#delay.end()
    await Promise.resolve() // let `shutdown` set `#shutdown` first, so that new items are dropped
    await this.flush(gracePeriodMs)
    this.#giveUp('grace_period')
    const ending = settle(() => runDetached(() => this.exporter.shutdown?.()))
    const end = await withTimeout(ending, { clock: this.#clock, timeoutMs: this.#graceLeftMs, keepAlive: true })
    if (end === TIMED_OUT) this.#failureLog.report('did not shut down within the grace period')
    else if (end.status === 'rejected') this.#failureLog.report('could not be shut down properly', end.reason)
  }

  /** The rest of the grace period; Infinity before `shutdown`. */
  get #graceLeftMs(): number {
    return Math.max(this.#graceEndsMs - this.#clock.monotonicMs(), 0)
  }

  /** Drops all items that have not been exported. */
  #giveUp(reason: 'ended' | 'grace_period'): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#stopTimer()
    this.#hung.stop()
    const lost = this.#stats.queued + this.#stats.inFlight
    if (lost > 0) this.#failureLog.report(`did not export ${lost} items, which are lost (${reason})`)
    this.#queue.takeAll()
    this.#delayed = undefined
    this.#stats.dropQueued(this.#stats.queued, reason)
    this.#stats.dropInFlight(reason)
    this.#delay.end()
    this.#notifyWaiters()
  }

  /** Schedules work for `dueMs`, unless it is already scheduled earlier. */
  #wakeAt(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return
    this.#stopTimer()
    this.#timerDueMs = dueMs
    const delayMs = Math.min(Math.max(dueMs - this.#clock.monotonicMs(), 0), MAX_TIMER_MS)
    this.#stopTimer = startTimer(this.#clock, delayMs, () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY
      // All items that are queued now are exported with the first one, in as many batches as necessary.
      if (this.#queue.length < this.#settings.maxBatchSize) this.#dueUpTo = this.#queuedEver
      if (!this.#isWorking) void this.#work()
    })
  }

  async #work(): Promise<void> {
    const { maxBatchSize, waitPeriodMs } = this.#settings
    this.#isWorking = true
    this.#stopTimer()
    this.#timerDueMs = Number.POSITIVE_INFINITY
    while (this.#end === undefined && (this.#queue.length >= maxBatchSize || this.#hasDue())) {
      const batch = this.#queue.takeBatch()
      this.#stats.depart(batch.length)
      await this.#deliver(batch)
      this.#notifyWaiters()
    }
    this.#isWorking = false
    if (this.#end === undefined && this.#queue.length > 0) this.#wakeAt(this.#queue.oldestMs + waitPeriodMs)
  }

  /** True if an item is queued that does not wait for a full batch. */
  #hasDue(): boolean {
    return this.#queue.length > 0 && this.#queuedEver - this.#queue.length < this.#dueUpTo
  }

  /** Exports one batch, with retries. */
  async #deliver(batch: readonly T[]): Promise<void> {
    let rest = batch
    if (this.#failures > 0 && !(await this.#delayItems(rest))) return
    for (let retry = 0; ; retry++) {
      const end = await this.#tryExport(rest)
      if (end === undefined) return
      if (end.status === 'fulfilled') {
        this.#failures = 0
        return this.#stats.exported(rest.length)
      }
      const failure = exportFailure(end.reason, rest.length)
      this.#failures = failure.isRetryable ? this.#failures + 1 : 0
      this.#stats.exported(failure.delivered)
      rest = rest.slice(failure.delivered)
      if (!this.#triesAgain(rest.length, failure, end.reason, retry)) return
      if (!(await this.#delayItems(rest, failure.retryAfterMs))) return
      this.#stats.retried()
    }
  }

  /** Calls the exporter once. Returns undefined if the items are counted already: after a time-out, or if they were given up. */
  async #tryExport(items: readonly T[]): Promise<PromiseSettledResult<unknown> | undefined> {
    const { exportTimeoutMs } = this.#settings
    const exporting = { items: items.length }
    this.#exporting = exporting
    // A copy, since an exporter may change its batch.
    const settled = settle(() => runDetached(() => this.exporter.export(items.slice())))
    const end = await withTimeout(settled, { clock: this.#clock, timeoutMs: exportTimeoutMs })
    if (this.#end !== undefined || this.#exporting !== exporting) return undefined
    this.#exporting = undefined
    if (end !== TIMED_OUT) return end
    this.#lose(items.length, 'timeout', `did not export ${items.length} items within ${exportTimeoutMs} ms`)
    this.#notifyWaiters()
    await this.#hung.untilNext(settled, this.#clock)
    return undefined
  }

  /** Waits before the next try. Returns false if the items were dropped or exported by `flushSync` meanwhile. */
  async #delayItems(rest: readonly T[], retryAfterMs?: number): Promise<boolean> {
    this.#delayed = rest
    const delayMs = retryDelayMs(this.#failures - 1, retryAfterMs, this.#settings.random)
    await this.#delay.wait(this.#clock, Math.min(delayMs, this.#graceLeftMs))
    const areLeft = this.#end === undefined && this.#delayed !== undefined
    this.#delayed = undefined
    return areLeft
  }

  /** Returns true if the remaining items of a failed batch are to be retried. Otherwise they are counted as lost. */
  #triesAgain(items: number, { isFinal, isRetryable }: ExportFailure, error: unknown, retry: number): boolean {
    if (isFinal) {
      this.#lose(items, 'ended', 'has ended permanently', error)
      this.#giveUp('ended')
      return false
    }
    if (items === 0) return false
    if (isRetryable && retry < this.#settings.retries) {
      this.#failureLog.report('failed and is retried', error)
      return true
    }
    this.#lose(items, isRetryable ? 'retries' : 'failed', `failed, ${items} items are lost`, error)
    return false
  }

  #lose(items: number, reason: RejectReason, what: string, error?: unknown): void {
    this.#stats.rejected(items, reason)
    this.#failureLog.report(what, error)
  }

  #notifyWaiters(): void {
    const done = this.#queuedEver - this.#stats.queued - this.#stats.inFlight
    for (const waiter of this.#waiters) if (waiter.items <= done) this.#dismiss(waiter)
  }

  #dismiss(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    waiter.done()
  }
}
