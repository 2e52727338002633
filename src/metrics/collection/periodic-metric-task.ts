import { checkOptions } from '../../base/check-options.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { TransportError } from '../../base/errors.js'
import { RateLimitedLog } from '../../base/rate-limited-log.js'
import { warnOnce } from '../../base/logger.js'
import { processEnd } from '../../base/process-end.js'
import { runDetached } from '../../base/suppression.js'
import { MAX_TIMER_MS, startTimer } from '../../base/timer.js'
import { HungCalls, settle, TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import { checkPeriodicTask, type PeriodicMetricTaskOptions } from './periodic-task-options.js'
import { countRun, countSkippedTicks, setLastSuccess, type SkipReason } from './periodic-task-metrics.js'

const EARLY_MS = 5

export interface PeriodicTaskStatus {
  /** `stuck`: a run has exceeded its time-out and not ended: no other begins before it ends, or for a minute. `failed`: a TransportError has ended the task. */
  readonly state: 'waiting' | 'running' | 'stuck' | 'failed' | 'closing' | 'closed'
  /** Runs that succeeded. */
  readonly runs: number
  /** Runs that threw, rejected, or exceeded their time-out. */
  readonly failures: number
  /** Ticks without a run. */
  readonly skippedTicks: number
  readonly lastError: unknown
  readonly lastSuccessUnixMs: number | undefined
}

/**
 * Runs something every interval until it is closed, beginning one interval from now.
 *
 * Due times are multiples of the interval on the monotonic clock, so that they do not drift. Runs never overlap. If ticks were missed
 * because a run took too long or the machine slept, one run follows, and the other ticks count as skipped. A run that fails is logged and
 * counted, and the next tick is the next run. One that never ends is not waited for longer than a minute after its time-out. A {@link TransportError} ends the task.
 *
 * @throws {@link DefinitionError} `ERR_INTERVAL` if a time is not a number from 1 to 2^31 - 1; `ERR_TASK` without `run`; `ERR_OPTION` for
 *   another option that is not valid.
 * @example
 * const task = new PeriodicMetricTask({ intervalMs: 10_000, name: 'report', run: () => report(gauges) })
 */
export class PeriodicMetricTask {
  readonly name: string
  readonly intervalMs: number
  readonly #timeoutMs: number
  readonly #options: PeriodicMetricTaskOptions
  readonly #clock: Clock
  readonly #failureLog: RateLimitedLog
  #dueMs: number
  #stopTimer: () => void = () => {}
  /** The current run; undefined once it has ended or exceeded its time-out. */
  #current: Promise<void> | undefined
  #isStuck = false
  #isTickOwed = false
  #end: 'failed' | 'closed' | undefined
  #nextFlush: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #lastError: unknown
  #hasFailedLast = false
  #lastSuccessUnixMs: number | undefined
  readonly #tally = { runs: 0, failures: 0, skippedTicks: 0 }
  readonly #ending = new AbortController()
  readonly #hung = new HungCalls()

  constructor(options: PeriodicMetricTaskOptions) {
    checkPeriodicTask(options)
    const { intervalMs = 60_000, timeoutMs, name = 'PeriodicMetricTask', clock = timerClock } = options
    this.intervalMs = intervalMs
    this.#timeoutMs = timeoutMs ?? 30_000
    if (timeoutMs !== undefined && timeoutMs > intervalMs) {
      this.#timeoutMs = intervalMs
      warnOnce('TALLYSCOPE_TIMEOUT_CUT', name, `${name}: the time-out of ${timeoutMs} ms is reduced to the interval of ${intervalMs} ms`)
    }
    this.name = name
    this.#options = options
    this.#clock = clock
    this.#failureLog = new RateLimitedLog({
      code: 'TALLYSCOPE_TASK_FAILED',
      subject: `periodic task ${name}`,
      logger: options.logger,
      clock,
    })
    this.#dueMs = clock.monotonicMs() + intervalMs
    this.#arm()
  }

  get status(): PeriodicTaskStatus {
    const busy = this.#isStuck ? 'stuck' : this.#current === undefined ? 'waiting' : 'running'
    const state = this.#end ?? (this.#closing === undefined ? busy : 'closing')
    return { state, ...this.#tally, lastError: this.#lastError, lastSuccessUnixMs: this.#lastSuccessUnixMs }
  }

  /**
   * Runs now, or after the current run, and rejects with the error of this run if it fails. If the last run hangs or has ended the task, none
   * follows, and it rejects with the error of that one. Concurrent calls share the run. The schedule does not change.
   */
  flush(): Promise<void> {
    const pending = this.#closing ?? this.#nextFlush
    if (pending !== undefined) return pending
    let hasBegun = false
    const flushing = this.#keptAlive(async () => {
      while (this.#current !== undefined) await this.#current
      hasBegun = true
      this.#nextFlush = undefined
      if (!(await this.#hasRun())) throw this.#lastError
    })
    if (!hasBegun) this.#nextFlush = flushing
    return flushing
  }

  /**
   * Stops, waits for the current run, runs once more, and calls `onClose`. Further calls return the same promise.
   * @param options.strict If true, it rejects with the error of the last run as {@link flush} does, for jobs that have no other run.
   *   Default false: the failure is logged.
   */
  close(options: { readonly strict?: boolean } = {}): Promise<void> {
    checkOptions('close', options, { strict: true })
    this.#closing ??= this.#keptAlive(async () => {
      this.#stopTimer()
      this.#isTickOwed = false
      this.#ending.abort()
      while (this.#current !== undefined) await this.#current
      this.#hasFailedLast = !(await this.#hasRun())
      this.#hung.stop()
      await this.#callOnClose()
      this.#end ??= 'closed'
    })
    if (options.strict !== true) return this.#closing
    return this.#closing.then(() => {
      if (this.#hasFailedLast) throw this.#lastError
    })
  }

  /** Calls `close()`, for `await using`. */
  shutdown(): Promise<void> {
    return this.close()
  }

  /** Runs once more without waiting, as far as possible, when the process ends. Losses are logged. */
  flushSync(): void {
    // The event loop was empty: the shutdown hooks have flushed, and only listeners of `exit` can have run since.
    const isFlushed = processEnd.isIdle && this.#lastError === undefined && this.#tally.runs > 0
    if (this.#end !== undefined || (isFlushed && !processEnd.hasExitListeners)) return
    try {
      const { runSync } = this.#options
      const problem = runSync === undefined ? 'it cannot run without waiting' : runDetached(() => runSync(isFlushed))
      if (problem !== undefined) throw new Error(problem)
      this.#tally.runs++
    } catch (error) {
      this.#tally.failures++
      countRun(this.name, 'failed', 0)
      this.#lastError = error
      this.#failureLog.report('could not run at the end of the process; the last metrics are lost', error)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #arm(): void {
    const delayMs = Math.min(Math.max(this.#dueMs - this.#clock.monotonicMs(), 0), MAX_TIMER_MS)
    const keepAlive = this.#options.keepAlive === true
    this.#stopTimer = startTimer(this.#clock, delayMs, () => this.#tick(), { keepAlive })
  }

  #tick(): void {
    const lateMs = this.#clock.monotonicMs() - this.#dueMs
    // Node's timers may fire a fraction of a millisecond early. A greater difference means that only the clock or only the timers are fake:
    // then the schedule follows the timers.
    if (lateMs < -EARLY_MS) this.#dueMs += lateMs
    const missed = Math.max(0, Math.floor(lateMs / this.intervalMs)) // the machine slept, or was busy
    this.#dueMs += (missed + 1) * this.intervalMs
    this.#skip('late', missed)
    this.#arm()
    if (this.#isStuck) this.#skip('stuck', 1)
    else if (this.#current === undefined) void this.#run()
    else if (this.#isTickOwed) this.#skip('running', 1)
    else this.#isTickOwed = true
  }

  #skip(reason: SkipReason, ticks: number): void {
    this.#tally.skippedTicks += ticks
    countSkippedTicks(this.name, reason, ticks)
  }

  /** Runs now. False if the run fails, or if there is none because an earlier one hangs or has ended the task. */
  async #hasRun(): Promise<boolean> {
    const canRun = this.#end === undefined && !this.#isStuck
    const { failures } = this.#tally
    await this.#run()
    return canRun && this.#tally.failures === failures
  }

  #run(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve()
    if (this.#isStuck) {
      this.#failureLog.report('cannot run: the previous run has exceeded its time-out and not ended')
      this.#skip('stuck', 1)
      return Promise.resolve()
    }
    this.#current = this.#runOnce().finally(() => {
      this.#current = undefined
      if (!this.#isTickOwed || this.#end !== undefined) return
      this.#isTickOwed = false
      void this.#run()
    })
    return this.#current
  }

  async #runOnce(): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    const running = settle(() => runDetached(() => this.#options.run(this.#ending.signal)))
    const end = await withTimeout(running, { clock: this.#clock, timeoutMs: this.#timeoutMs })
    const result = end === TIMED_OUT ? 'late' : end.status === 'fulfilled' ? 'done' : 'failed'
    countRun(this.name, result, this.#clock.monotonicMs() - startedMs)
    if (result === 'done') {
      this.#tally.runs++
      this.#lastSuccessUnixMs = this.#clock.unixMs()
      setLastSuccess(this.name, this.#lastSuccessUnixMs)
      return
    }
    this.#tally.failures++
    if (end === TIMED_OUT) {
      this.#isStuck = true
      void this.#hung.untilNext(running, this.#clock).then(() => {
        this.#isStuck = false
      })
      this.#lastError = new Error(`not done within ${this.#timeoutMs} ms`)
      this.#failureLog.report(`was not done within ${this.#timeoutMs} ms; the next one begins when it has ended, or in a minute`)
      return
    }
    const { reason } = end as PromiseRejectedResult
    this.#lastError = reason
    if (TransportError.is(reason)) {
      this.#end = 'failed'
      this.#stopTimer()
      this.#failureLog.report('has ended and does not run again', reason)
    } else {
      const isLast = this.#closing !== undefined
      this.#failureLog.report(isLast ? 'failed, and the end allows no retry' : 'failed; the next tick is the next try', reason)
    }
  }

  async #callOnClose(): Promise<void> {
    const { onClose } = this.#options
    if (onClose === undefined) return
    const closing = settle(() => runDetached(onClose))
    const end = await withTimeout(closing, { clock: this.#clock, timeoutMs: this.#timeoutMs })
    if (end === TIMED_OUT) this.#failureLog.report(`was not closed within ${this.#timeoutMs} ms`)
    else if (end.status === 'rejected') this.#failureLog.report('could not be closed properly', end.reason)
  }

  /** Keeps the process alive while a caller waits, even if only unref'd timers are left. */
  async #keptAlive(work: () => Promise<void>): Promise<void> {
    const release = startTimer(this.#clock, MAX_TIMER_MS, () => {}, { keepAlive: true })
    try {
      await work()
    } finally {
      release()
    }
  }
}
