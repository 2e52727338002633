import { checkClock, checkLogger, checkNumber, checkOptions, type OptionNames } from '../../base/check-options.js'
import { checkExporter, type Exporter, type Transport } from '../../base/exporter.js'
import { RateLimitedLog } from '../../base/rate-limited-log.js'
import type { Logger } from '../../base/logger.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { componentName } from '../../base/strings/inspect-value.js'
import { runSuppressed, runSuppressedWith } from '../../base/suppression.js'
import { settleNow } from './export-sync.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { isThenable } from '../../base/finally-async.js'
import { MAX_UNSETTLED, RENEW_AFTER_MS, settle, TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import { exportFailure } from '../../base/export-failure.js'
import { type TransportAccounting, TransportStats } from './transport-stats.js'

export interface SyncTransportOptions {
  /**
   * Maximum number of running exports, 1 … 1 000 000, for exporters that return promises. Beyond it, items are dropped and counted. If
   * none of them settles for a minute, they count as rejected and new ones begin, at most 16 times. Default 2 048.
   */
  readonly maxInFlight?: number
  /** Time limit of `shutdown`, and of `flush` by default, in milliseconds, 0 … 2^31 - 1. Default 5 000. */
  readonly gracePeriodMs?: number
  /** Called for failures, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<SyncTransportOptions> = { maxInFlight: true, gracePeriodMs: true, logger: true, clock: true }

/**
 * Exports that were started between two flushes. They share one pair of callbacks, because closures and promises for each would be as
 * expensive as the span itself: see bench/trace/pipeline.bench.js.
 */
class ExportGroup {
  pending = 0
  readonly exported: () => void
  readonly failed: (error: unknown) => void
  /** Called when the last export of a closed group has settled. */
  onEnd: () => void = () => {}

  readonly #onSettled: () => void

  /** @param onSettled Called for each export that settles, even if the group was abandoned. */
  constructor(exported: () => void, failed: (error: unknown) => void, onSettled: () => void) {
    this.exported = () => this.#settle(exported)
    this.failed = (error) => this.#settle(() => failed(error))
    this.#onSettled = onSettled
  }

  /** Stops counting: the items of the running exports have been counted otherwise. */
  abandon(): void {
    this.pending = 0
    this.onEnd()
  }

  #settle(count: () => void): void {
    this.#onSettled()
    if (this.pending === 0) return
    this.pending--
    count()
    if (this.pending === 0) this.onEnd()
  }
}

/**
 * Exports each item synchronously in `send`. Errors and rejections of the exporter are counted and logged, but never thrown. A
 * {@link TransportError} ends the transport.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER`, `ERR_TRANSPORT_OPTION`.
 * @example
 * new Tracer({ exporter, transport: (exporter) => new SyncTransport(exporter) })
 */
export class SyncTransport<T> implements Transport<T> {
  readonly exporter: Exporter<T>
  readonly #clock: Clock
  readonly #maxInFlight: number
  readonly #gracePeriodMs: number
  readonly #stats: TransportStats
  readonly #failureLog: RateLimitedLog
  /** The exports that were started since the last flush. */
  #group: ExportGroup
  /** Groups of earlier exports, each with a promise of its end. */
  readonly #closedGroups = new Map<ExportGroup, Promise<void>>()
  /** Monotonic time at which an item was dropped and since which no export has settled, in milliseconds. */
  #fullSinceMs: number | undefined
  /** How often running exports were given up since one has settled. */
  #renewals = 0
  #hasEnded = false
  #shutdown: Promise<void> | undefined

  constructor(exporter: Exporter<T>, options: SyncTransportOptions = {}) {
    checkOptions('SyncTransport', options, OPTIONS)
    checkLogger('SyncTransport', options.logger)
    checkClock('SyncTransport', options.clock)
    const { maxInFlight = 2_048, gracePeriodMs = 5_000, logger, clock = timerClock } = options
    checkExporter(exporter)
    this.exporter = exporter
    this.#clock = clock
    this.#maxInFlight = checkNumber('ERR_TRANSPORT_OPTION', 'maxInFlight', maxInFlight, { min: 1, max: 1e6, integer: true })
    this.#gracePeriodMs = checkNumber('ERR_TRANSPORT_OPTION', 'gracePeriodMs', gracePeriodMs, { min: 0, max: MAX_TIMER_MS })
    const name = componentName(exporter, 'exporter')
    this.#stats = new TransportStats(name)
    this.#failureLog = new RateLimitedLog({ code: 'TALLYSCOPE_EXPORT_FAILED', subject: `exporter ${name}`, logger, clock })
    this.#group = this.#newGroup()
  }

  /** The states of all items sent to this transport: `accepted = exported + rejected + dropped + queued + inFlight`. */
  get accounting(): TransportAccounting {
    return this.#stats.accounting
  }

  /** Exports an item at once. If too many exports are running, it is dropped and counted. */
  send(item: T): void {
    if (this.#hasEnded) return this.#stats.accept('ended')
    if (this.#shutdown !== undefined) return this.#stats.accept('shutdown')
    if (this.#stats.inFlight >= this.#maxInFlight && !this.#giveUpHung()) {
      this.#stats.accept('queue_full')
      this.#failureLog.report(`is too slow: ${this.#maxInFlight} exports are running and new items are dropped`)
      return
    }
    this.#stats.acceptInFlight()
    try {
      const exporting = runSuppressedWith(exportOne, this.exporter, item)
      if (isThenable(exporting)) this.#follow(exporting)
      else this.#stats.exported(1)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Waits for running exports, at most `timeoutMs` (default: `gracePeriodMs`). Never rejects. */
  async flush(timeoutMs: number = this.#gracePeriodMs): Promise<void> {
    this.#closeGroup()
    if (this.#closedGroups.size === 0) return
    const limitMs = timeoutMs >= 0 ? Math.min(timeoutMs, MAX_TIMER_MS) : this.#gracePeriodMs
    await withTimeout(Promise.all(this.#closedGroups.values()), { clock: this.#clock, timeoutMs: limitMs, keepAlive: true })
  }

  /** Calls `exporter.flushSync` for running exports. Without it, their items count as lost if the process ends. */
  flushSync(): void {
    if (settleNow({ exporter: this.exporter, stats: this.#stats, log: this.#failureLog }, this.#stats.inFlight)) this.#abandonGroups()
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.#end()
    return this.#shutdown
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  async #end(): Promise<void> {
    const endsMs = this.#clock.monotonicMs() + this.#gracePeriodMs
    await Promise.resolve() // let `shutdown` set `#shutdown` first, so that new items are dropped
    await this.flush(this.#gracePeriodMs)
    const lost = this.#stats.inFlight
    if (lost > 0) this.#failureLog.report(`did not export ${lost} items within the grace period`)
    this.#stats.dropInFlight('grace_period')
    this.#abandonGroups()
    const timeoutMs = Math.max(endsMs - this.#clock.monotonicMs(), 0)
    const ending = settle(() => runSuppressed(() => this.exporter.shutdown?.()))
    const end = await withTimeout(ending, { clock: this.#clock, timeoutMs, keepAlive: true })
    if (end !== TIMED_OUT && end.status === 'rejected') this.#failureLog.report('could not be shut down properly', end.reason)
  }

  #follow(exporting: PromiseLike<unknown>): void {
    const group = this.#group
    group.pending++
    if (exporting instanceof Promise) void exporting.then(group.exported, group.failed)
    else void Promise.resolve(exporting).then(group.exported, group.failed)
  }

  /** Rejects all running exports if none has settled for a minute. Returns true if others may begin. */
  #giveUpHung(): boolean {
    const nowMs = this.#clock.monotonicMs()
    this.#fullSinceMs ??= nowMs
    if (nowMs - this.#fullSinceMs < RENEW_AFTER_MS || this.#renewals >= MAX_UNSETTLED) return false
    this.#fullSinceMs = undefined
    this.#renewals++
    const lost = this.#stats.inFlight
    this.#stats.rejected(lost, 'timeout')
    this.#failureLog.report(`did not export ${lost} items within ${RENEW_AFTER_MS} ms`)
    this.#abandonGroups()
    return true
  }

  #newGroup(): ExportGroup {
    return new ExportGroup(
      () => this.#stats.exported(1),
      (error) => this.#failed(error),
      () => {
        this.#fullSinceMs = undefined
        this.#renewals = 0
      },
    )
  }

  #closeGroup(): void {
    const group = this.#group
    if (group.pending === 0) return
    const ended = new Promise<void>((resolve) => {
      group.onEnd = () => {
        this.#closedGroups.delete(group)
        resolve()
      }
    })
    this.#closedGroups.set(group, ended)
    this.#group = this.#newGroup()
  }

  #abandonGroups(): void {
    this.#closeGroup()
    for (const group of [...this.#closedGroups.keys()]) group.abandon()
  }

  #failed(error: unknown): void {
    const { isFinal, delivered } = exportFailure(error, 1)
    this.#stats.exported(delivered)
    this.#stats.rejected(1 - delivered, 'failed')
    this.#hasEnded ||= isFinal
    this.#failureLog.report(this.#hasEnded ? 'has ended permanently' : 'failed', error)
  }
}

function exportOne<T>(exporter: Exporter<T>, item: T): void | Promise<void> {
  return exporter.export([item])
}
