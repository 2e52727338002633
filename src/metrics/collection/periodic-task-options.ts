import {
  checkBooleans,
  checkClock,
  checkFunctions,
  checkLogger,
  checkNumber,
  checkRequiredOptions,
  checkStrings,
  type OptionNames,
  optionNames,
} from '../../base/check-options.js'
import type { Clock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import type { Logger } from '../../base/logger.js'
import { MAX_TIMER_MS } from '../../base/timer.js'

export interface PeriodicMetricTaskOptions {
  /**
   * Called every interval. If it returns a promise, the task waits for it. It runs untraced, unmeasured, and never twice at a time.
   * @param ending Aborted when the task is closed. Retries have to end then.
   */
  readonly run: (ending: AbortSignal) => unknown
  /** Time between the starts of two runs, in milliseconds, 1 … 2^31 - 1. Default 60 000. */
  readonly intervalMs?: number
  /**
   * Time limit of a run, in milliseconds, 1 … 2^31 - 1; after it the run counts as failed. A value longer than the interval is reduced
   * to it, with a warning. Default 30 000, also if the interval is shorter.
   */
  readonly timeoutMs?: number
  /** Name in logs and counters. Default `PeriodicMetricTask`. */
  readonly name?: string
  /** Keeps the process alive until the task is closed. Default false. */
  readonly keepAlive?: boolean
  /** Called for failures, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
  /**
   * Does the work of `run` without waiting when the process ends. If it cannot, it throws or returns the reason. Default: the run counts
   * as failed.
   * @param isFlushed True if only listeners of `exit` have run since the last run.
   */
  readonly runSync?: (isFlushed: boolean) => string | undefined
  /** Called once by `close()`, after the last run. Default: nothing. */
  readonly onClose?: () => unknown
}

const OPTIONS: OptionNames<PeriodicMetricTaskOptions> = optionNames('run intervalMs timeoutMs name keepAlive logger clock runSync onClose')

/** @throws {@link DefinitionError} `ERR_OPTION`, `ERR_TASK` without `run`, `ERR_INTERVAL`. */
export function checkPeriodicTask(options: PeriodicMetricTaskOptions): void {
  checkRequiredOptions('PeriodicMetricTask', options, OPTIONS)
  const { run, intervalMs, timeoutMs, name, keepAlive, logger, clock, runSync, onClose } = options
  if (typeof run !== 'function') {
    throw new DefinitionError('ERR_TASK', `a periodic task needs a function to run: it is of type ${typeof run}`)
  }
  for (const [key, value] of Object.entries({ intervalMs, timeoutMs })) {
    if (value !== undefined) checkNumber('ERR_INTERVAL', key, value, { min: 1, max: MAX_TIMER_MS })
  }
  const owner = 'a periodic task'
  checkStrings('ERR_OPTION', { [`name of ${owner}`]: name })
  checkBooleans('ERR_OPTION', { [`keepAlive of ${owner}`]: keepAlive })
  checkFunctions('ERR_OPTION', { [`runSync of ${owner}`]: runSync, [`onClose of ${owner}`]: onClose })
  checkLogger(owner, logger)
  checkClock(owner, clock)
}
