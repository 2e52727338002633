import {
  checkClock,
  checkFunctions,
  checkLogger,
  checkNumber,
  checkOptions,
  type OptionNames,
  optionNames,
} from '../../base/check-options.js'
import type { Clock } from '../../base/clock.js'
import type { Logger } from '../../base/logger.js'
import { MAX_TIMER_MS } from '../../base/timer.js'

export interface AsyncTransportOptions<T = unknown> {
  /** Maximum number of items in the queue, 1 … 10 000 000. If it is full, new items are dropped and counted. Default 2 048. */
  readonly maxQueueSize?: number
  /**
   * Maximum size of the queue in bytes, as computed by `itemBytes`, 1 … `Infinity`. Beyond it, new items are dropped and counted. Default
   * 8 MiB.
   */
  readonly maxQueueBytes?: number
  /** Returns the size of an item in bytes. Called once per item. Default: an estimate from the lengths of its strings. */
  readonly itemBytes?: (item: T) => number
  /**
   * Maximum number of items in one export, 1 … 10 000 000. An export starts when the queue has this many. Default 600, at most
   * `maxQueueSize`.
   */
  readonly maxBatchSize?: number
  /** Maximum time that an item waits for its batch to fill, in milliseconds, 0 … 2^31 - 1. Default 60 000. */
  readonly waitPeriodMs?: number
  /** Time limit of `shutdown`, and of `flush` by default, in milliseconds, 0 … 2^31 - 1. Default 5 000. */
  readonly gracePeriodMs?: number
  /** Time limit of one attempt to export, in milliseconds, 1 … 2^31 - 1. Default 10 000. */
  readonly exportTimeoutMs?: number
  /**
   * Retries of a batch that failed with a retryable error, 0 … 1 000. The first is after 1 s; the delay doubles each time, up to 30 s,
   * ±20 %. After the last one, the next batch waits as long before its first attempt. Default 5.
   */
  readonly retries?: number
  /** Called for failures, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
  /** Returns a number from 0 to 1, for the jitter of retry delays. Default `Math.random`. */
  readonly random?: () => number
}

const OPTIONS: OptionNames<AsyncTransportOptions> = optionNames(
  'maxQueueSize maxQueueBytes itemBytes maxBatchSize waitPeriodMs gracePeriodMs exportTimeoutMs retries logger clock random',
)

export interface AsyncTransportSettings {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
  readonly maxBatchSize: number
  readonly waitPeriodMs: number
  readonly gracePeriodMs: number
  readonly exportTimeoutMs: number
  readonly retries: number
  readonly random: () => number
}

/**
 * Checks the options and adds the defaults.
 * @throws {@link DefinitionError} `ERR_TRANSPORT_OPTION` if an option is out of range, `ERR_OPTION` for an unknown one, a logger or a clock.
 */
export function checkAsyncTransport<T>(options: AsyncTransportOptions<T>): AsyncTransportSettings {
  checkOptions('AsyncTransport', options as AsyncTransportOptions, OPTIONS)
  checkFunctions('ERR_TRANSPORT_OPTION', { itemBytes: options.itemBytes, random: options.random })
  checkLogger('AsyncTransport', options.logger)
  checkClock('AsyncTransport', options.clock)
  const number = (name: string, value: unknown, min: number, max: number, integer = false): number =>
    checkNumber('ERR_TRANSPORT_OPTION', name, value, { min, max, integer })
  const maxQueueSize = number('maxQueueSize', options.maxQueueSize ?? 2_048, 1, 1e7, true)
  return {
    maxQueueSize,
    maxQueueBytes: number('maxQueueBytes', options.maxQueueBytes ?? 8 << 20, 1, Number.POSITIVE_INFINITY),
    maxBatchSize: Math.min(number('maxBatchSize', options.maxBatchSize ?? 600, 1, 1e7, true), maxQueueSize),
    waitPeriodMs: number('waitPeriodMs', options.waitPeriodMs ?? 60_000, 0, MAX_TIMER_MS),
    gracePeriodMs: number('gracePeriodMs', options.gracePeriodMs ?? 5_000, 0, MAX_TIMER_MS),
    exportTimeoutMs: number('exportTimeoutMs', options.exportTimeoutMs ?? 10_000, 1, MAX_TIMER_MS),
    retries: number('retries', options.retries ?? 5, 0, 1_000, true),
    random: options.random ?? Math.random,
  }
}
