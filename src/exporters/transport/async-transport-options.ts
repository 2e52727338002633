import { checkOptions, type OptionNames } from '../../base/check-options.js'
import { checkNumber } from '../../base/check-options.js'
import type { Clock } from '../../base/clock.js'
import type { Logger } from '../../base/logger.js'
import { MAX_TIMER_MS } from '../../base/timer.js'

export interface AsyncTransportOptions<T = unknown> {
  /** Items that may wait, 1 … 10 000 000; the newest are dropped while that many do. Default 2 048. */
  readonly maxQueueSize?: number
  /** Bytes that may wait, as `itemBytes` has them; the newest items are dropped beyond it. Default 8 MiB; Infinity for no bound. */
  readonly maxQueueBytes?: number
  /** The size of an item, called once for each. Default: a rough one, by the lengths of the strings in it. */
  readonly itemBytes?: (item: T) => number
  /** Items exported at once; that many waiting start an export. Default 600, at most `maxQueueSize`. */
  readonly maxBatchSize?: number
  /** How long an item waits at most for its batch to fill, in milliseconds. Default 60 000. */
  readonly waitPeriodMs?: number
  /** What `shutdown` may take, and `flush` by default, in milliseconds. Default 5 000. */
  readonly gracePeriodMs?: number
  /** What one try to export may take, in milliseconds. Default 10 000. */
  readonly exportTimeoutMs?: number
  /**
   * Tries after the first for a batch that may be taken later: after 1 s, doubled each time, at most 30 s, ±20 %. When they are
   * used up, the next batch waits as long before its own first try. Default 5.
   */
  readonly retries?: number
  /** Called for failures, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  readonly clock?: Clock
  /** For the jitter: a number from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

const OPTIONS: OptionNames<AsyncTransportOptions> = {
  maxQueueSize: true,
  maxQueueBytes: true,
  itemBytes: true,
  maxBatchSize: true,
  waitPeriodMs: true,
  gracePeriodMs: true,
  exportTimeoutMs: true,
  retries: true,
  logger: true,
  clock: true,
  random: true,
}

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
 * The options with their defaults.
 * @throws {@link DefinitionError} `ERR_TRANSPORT_OPTION` when one is out of its range.
 */
export function checkAsyncTransport<T>(options: AsyncTransportOptions<T>): AsyncTransportSettings {
  checkOptions('AsyncTransport', options as AsyncTransportOptions, OPTIONS)
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
