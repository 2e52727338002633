import { type Clock, timerClock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import { RateLimitedLog } from '../../base/rate-limited-log.js'
import { componentName } from '../../base/inspect-value.js'
import { runDetached } from '../../base/suppression.js'
import { exportNow, settleNow } from './export-sync.js'
import { MAX_TIMER_MS, startTimer } from '../../base/timer.js'
import { settle, TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import { type AsyncTransportOptions, type AsyncTransportSettings, checkAsyncTransport } from './async-transport-options.js'
import { BoundedQueue } from './bounded-queue.js'
import { type ExportFailure, exportFailure, retryDelayMs } from '../../base/export-failure.js'
import { type RejectReason, type TransportAccounting, TransportStats } from './transport-stats.js'

/** A caller that waits until a number of the items ever queued have been handled. */
interface Waiter {
  readonly items: number
  readonly done: () => void
}

/**
 * Queues items and exports them in batches, one at a time: when a batch is full, or when its first item has waited
 * long enough, and on until less than a full batch is left. What the destination may take later is tried again with
 * growing pauses, and so is the batch that comes after one given up; a full queue (2 048 items or 8 MiB) drops the newest. Every item is accounted for at any time, see {@link accounting}.
 *
 * An export that is over its time-out counts as rejected; the next one waits until it has really ended, so that an
 * exporter never has two batches at once. A {@link TransportError} from the exporter ends the transport.
 *
 * Its timers keep no process alive: call `shutdown()` at the end, or have {@link installShutdownHooks} do so.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER`; `ERR_TRANSPORT_OPTION` when an option is out of its range.
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
  /** Items that have ever been queued, and up to which of them no full batch is waited for. */
  #queuedEver = 0
  #dueUpTo = 0
  #timerDueMs = Number.POSITIVE_INFINITY
  #stopTimer: () => void = () => {}
  #cutPauseShort: () => void = () => {}
  /** The items that the exporter has been given and has not taken yet. */
  #underWay: { readonly items: number } | undefined
  /** What is left of a batch that waits to be tried again. */
  #paused: readonly T[] | undefined
  /** How often in a row the destination was not there, whatever the batch: pauses grow with it. */
  #failures = 0
  #graceEndsMs = Number.POSITIVE_INFINITY
  /** Nothing is taken any more, and what is left has been given up. */
  #end: 'ended' | 'grace_period' | undefined
  #lastFlush: { readonly items: number; readonly endsMs: number; readonly done: Promise<void> } | undefined
  #shutdown: Promise<void> | undefined

  constructor(exporter: Exporter<T>, options: AsyncTransportOptions<T> = {}) {
    if (typeof exporter?.export !== 'function')
      throw new DefinitionError('ERR_EXPORTER', 'an exporter must have export(items): it has none')
    const { clock = timerClock, logger } = options
    this.exporter = exporter
    this.#settings = checkAsyncTransport(options)
    this.#clock = clock
    this.#queue = new BoundedQueue({ ...this.#settings, itemBytes: options.itemBytes, clock })
    const name = componentName(exporter, 'exporter')
    this.#stats = new TransportStats(name)
    this.#failureLog = new RateLimitedLog({ code: 'TALLYSCOPE_EXPORT_FAILED', subject: `exporter ${name}`, logger, clock })
  }

  /** Where every item given to this transport is now: `accepted = exported + rejected + dropped + queued + inFlight`. */
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
    // While it is idle, the timer is set for the first item: only that one, and a full batch, change when work begins.
    if (this.#queue.length === this.#settings.maxBatchSize) this.#wakeAt(Number.NEGATIVE_INFINITY)
    else if (this.#queue.length === 1) this.#wakeAt(this.#queue.oldestMs + this.#settings.waitPeriodMs)
  }

  /**
   * Exports everything sent before, and resolves when it has been exported or counted as lost, or after `timeoutMs`
   * (default: the grace period). Does not cut the pause before another try short. Never rejects.
   */
  flush(timeoutMs: number = this.#settings.gracePeriodMs): Promise<void> {
    if (this.#stats.queued + this.#stats.inFlight === 0) return Promise.resolve()
    const limitMs = timeoutMs >= 0 ? Math.min(timeoutMs, MAX_TIMER_MS) : this.#settings.gracePeriodMs
    const endsMs = this.#clock.monotonicMs() + limitMs
    const items = this.#queuedEver
    // A thousand calls at once are one flush.
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
   * Takes nothing more, exports what is there within the grace period, logs how much was lost, and shuts the
   * exporter down. A pause before another try is cut short. Further calls give the same promise.
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#shutDown()
    return this.#shutdown
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  /**
   * Exports what is queued, and what waits to be tried again, without waiting, if the exporter can: by its `exportSync`, or by an
   * `export` that returns no promise. What is being exported is left to `exporter.flushSync`; without it, it counts as lost if the
   * process ends.
   */
  flushSync(): void {
    const { exporter } = this
    const parts = { exporter, stats: this.#stats, log: this.#failureLog }
    if (this.#underWay !== undefined && settleNow(parts, this.#underWay.items)) this.#underWay = undefined
    const queued = this.#queue.takeAll()
    const items = [...(this.#paused ?? []), ...queued]
    this.#paused = undefined
    this.#cutPauseShort()
    this.#stats.depart(queued.length)
    exportNow(parts, items)
    this.#notifyWaiters()
  }

  #reportFull(refused: 'queue_full' | 'queue_bytes'): void {
    const bound = refused === 'queue_bytes' ? `${this.#settings.maxQueueBytes} bytes` : `${this.#settings.maxQueueSize} items`
    this.#failureLog.report(`is too slow: the queue is full with ${bound} and the newest items are dropped`)
  }

  async #shutDown(): Promise<void> {
    const { gracePeriodMs } = this.#settings
    this.#graceEndsMs = this.#clock.monotonicMs() + gracePeriodMs
    this.#failures = 0 // there is no time for long pauses
    this.#cutPauseShort()
    await Promise.resolve() // `shutdown` is set first: nothing is taken from now on
    await this.flush(gracePeriodMs)
    this.#giveUp('grace_period')
    const timeoutMs = Math.max(this.#graceEndsMs - this.#clock.monotonicMs(), 0)
    const ending = settle(() => runDetached(() => this.exporter.shutdown?.()))
    const end = await withTimeout(ending, { clock: this.#clock, timeoutMs, keepAlive: true })
    if (end === TIMED_OUT) this.#failureLog.report('was not shut down within the grace period')
    else if (end.status === 'rejected') this.#failureLog.report('could not be shut down properly', end.reason)
  }

  /** Whatever has not been exported by now is lost. */
  #giveUp(reason: 'ended' | 'grace_period'): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#stopTimer()
    const lost = this.#stats.queued + this.#stats.inFlight
    if (lost > 0) this.#failureLog.report(`has not taken ${lost} items, which are lost (${reason})`)
    this.#queue.takeAll()
    this.#paused = undefined
    this.#stats.dropQueued(this.#stats.queued, reason)
    this.#stats.dropInFlight(reason)
    this.#cutPauseShort()
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
      // Items that are there when the wait is over go out with the first, in as many batches as it takes.
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

  /** Whether an item is queued that must not wait for others. */
  #hasDue(): boolean {
    return this.#queue.length > 0 && this.#queuedEver - this.#queue.length < this.#dueUpTo
  }

  /** Exports one batch, trying again if that is worthwhile. */
  async #deliver(batch: readonly T[]): Promise<void> {
    let rest = batch
    if (this.#failures > 0 && !(await this.#pauseWith(rest))) return
    for (let retry = 0; ; retry++) {
      // A copy: an exporter that changes its batch must not change what is tried again.
      const underWay = { items: rest.length }
      this.#underWay = underWay
      const exporting = settle(() => runDetached(() => this.exporter.export(rest.slice())))
      const end = await withTimeout(exporting, { clock: this.#clock, timeoutMs: this.#settings.exportTimeoutMs })
      if (this.#end !== undefined || this.#underWay !== underWay) return // counted in the meantime
      this.#underWay = undefined
      if (end === TIMED_OUT) {
        this.#lose(rest.length, 'timeout', `has not taken ${rest.length} items within ${this.#settings.exportTimeoutMs} ms`)
        this.#notifyWaiters()
        await exporting
        return
      }
      if (end.status === 'fulfilled') {
        this.#failures = 0
        return this.#stats.exported(rest.length)
      }
      const failure = exportFailure(end.reason, rest.length)
      this.#failures = failure.isRetryable ? this.#failures + 1 : 0
      this.#stats.exported(failure.delivered)
      rest = rest.slice(failure.delivered)
      if (!this.#triesAgain(rest.length, failure, end.reason, retry)) return
      if (!(await this.#pauseWith(rest, failure.retryAfterMs))) return
      this.#stats.retried()
    }
  }

  /** Lets the destination rest. False if nothing is left to try: it was given up meanwhile, or handed over by `flushSync`. */
  async #pauseWith(rest: readonly T[], retryAfterMs?: number): Promise<boolean> {
    this.#paused = rest
    await this.#pause(retryDelayMs(this.#failures - 1, retryAfterMs, this.#settings.random()))
    const isLeft = this.#end === undefined && this.#paused !== undefined
    this.#paused = undefined
    return isLeft
  }

  /** Whether the items that are left of a failed batch are tried again; if not, they are lost. */
  #triesAgain(items: number, { isFinal, isRetryable }: ExportFailure, error: unknown, retry: number): boolean {
    if (isFinal) {
      this.#lose(items, 'ended', 'has ended for good', error)
      this.#giveUp('ended')
      return false
    }
    if (items === 0) return false
    if (isRetryable && retry < this.#settings.retries) {
      this.#failureLog.report('has failed and is tried again', error)
      return true
    }
    this.#lose(items, isRetryable ? 'retries' : 'failed', `has failed, ${items} items are lost`, error)
    return false
  }

  #lose(items: number, reason: RejectReason, what: string, error?: unknown): void {
    this.#stats.rejected(items, reason)
    this.#failureLog.report(what, error)
  }

  /** In the grace period no longer than that lasts. */
  #pause(delayMs: number): Promise<void> {
    const leftMs = Math.max(this.#graceEndsMs - this.#clock.monotonicMs(), 0)
    return new Promise((resolve) => {
      const stop = startTimer(this.#clock, Math.min(delayMs, leftMs), () => this.#cutPauseShort())
      this.#cutPauseShort = () => {
        stop()
        this.#cutPauseShort = () => {}
        resolve()
      }
    })
  }

  #notifyWaiters(): void {
    const dealtWith = this.#queuedEver - this.#stats.queued - this.#stats.inFlight
    for (const waiter of this.#waiters) if (waiter.items <= dealtWith) this.#dismiss(waiter)
  }

  #dismiss(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    waiter.done()
  }
}
