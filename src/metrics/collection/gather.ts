import { checkNumber } from '../../base/check-number.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { errorText } from '../../base/rate-limited-log.js'
import { warnOnce } from '../../base/logger.js'
import { partName } from '../../base/component-name.js'
import { selfCount, selfFamily } from '../../base/internal-metrics.js'
import { MAX_TIMER_MS, startTimer } from '../../base/timer.js'
import type { Metric } from '../data/metric.js'
import type { GatheringContext, MetricProducer } from '../data/producer.js'
import type { Family } from '../data/row-source.js'

/** Why a producer's metrics are missing from a gathering. */
export type GatherFailureReason = 'throw' | 'reject' | 'timeout' | 'stuck' | 'invalid'

export interface GatherFailure {
  readonly producer: string
  readonly reason: GatherFailureReason
  readonly error: unknown
}

export interface GatherOptions {
  /** What each producer may take, in milliseconds, 0 … 2^31 - 1; all run at once. Default 10 000. */
  readonly timeoutMs?: number
  /** Told of every failure, for callers that would rather fail than go on with less. What it throws is ignored. */
  readonly onFailure?: (failure: GatherFailure) => void
  /** Whether the process stays alive until all have answered or run out of time. Default true. */
  readonly keepAlive?: boolean
  readonly clock?: Clock
}

/** Answers still owed by one producer from earlier gatherings before it is no longer asked, so that they cannot pile up. */
const MAX_UNSETTLED = 16

const failures = selfFamily({
  name: 'tallyscope_producer_failures_total',
  description: 'Gatherings that had to do without the metrics of a producer.',
  type: 'counter',
  unit: '1',
  labelKeys: ['producer', 'reason'],
})

const unsettled = new WeakMap<MetricProducer, number>()

/**
 * The metrics of all producers, in the order of the producers. One that throws, rejects or does not answer in time
 * costs only its own metrics: it is counted in `tallyscope_producer_failures_total`, told once, and a late answer
 * is ignored.
 *
 * @throws {@link DefinitionError} (as a rejection) `ERR_GATHER_TIMEOUT`, `ERR_PRODUCER`.
 * @example
 * const metrics = await gather([stats, registry], { timeoutMs: 2_000 })
 */
export async function gather(producers: readonly MetricProducer[], options: GatherOptions = {}): Promise<Metric[]> {
  return ask(producers, (producer, context) => producer.getMetrics(context), options)
}

/** As {@link gather}, with rows instead of snapshots where a producer offers them: what a streaming encoder reads. */
export async function gatherFamilies(producers: readonly MetricProducer[], options: GatherOptions = {}): Promise<Family[]> {
  return ask<Family>(producers, (producer, context) => producer.getFamilies?.(context) ?? producer.getMetrics(context), options)
}

/**
 * Refuses what is no list of producers.
 * @throws {@link DefinitionError} `ERR_PRODUCER`
 */
export function checkProducers(producers: unknown): void {
  if (!Array.isArray(producers)) {
    throw new DefinitionError('ERR_PRODUCER', `producers must be an array: it is of type ${typeof producers}`)
  }
  const wrong = producers.findIndex((producer) => typeof (producer as MetricProducer | undefined)?.getMetrics !== 'function')
  if (wrong >= 0) throw new DefinitionError('ERR_PRODUCER', `a producer must have getMetrics(): the one at index ${wrong} has none`)
}

type Answer<T> = readonly T[] | Promise<readonly T[]>

async function ask<T extends Family>(
  producers: readonly MetricProducer[],
  call: (producer: MetricProducer, context: GatheringContext) => Answer<T>,
  { timeoutMs = 10_000, onFailure, keepAlive = true, clock = timerClock }: GatherOptions,
): Promise<T[]> {
  checkProducers(producers)
  checkNumber('ERR_GATHER_TIMEOUT', 'timeoutMs', timeoutMs, { min: 0, max: MAX_TIMER_MS })
  const fail = (producer: MetricProducer, reason: GatherFailureReason, error?: unknown): readonly T[] => {
    const name = partName(producer, 'producer')
    selfCount(failures, name, reason).value++
    const why = error === undefined ? told(reason, timeoutMs) : `${told(reason, timeoutMs)}: ${errorText(error)}`
    warnOnce('TALLYSCOPE_PRODUCER_FAILED', `${name} ${reason}`, `the metrics of ${name} are missing, the producer ${why}`)
    try {
      onFailure?.({ producer: name, reason, error })
    } catch {
      // The others' metrics must not depend on it.
    }
    return []
  }

  const late: (() => void)[] = []
  const lists = producers.map((producer): readonly T[] | Promise<readonly T[]> => {
    if ((unsettled.get(producer) ?? 0) >= MAX_UNSETTLED) return fail(producer, 'stuck')
    let answer: Answer<T>
    try {
      answer = call(producer, { timeoutMs })
      if (!isThenable(answer)) return valid(answer)
    } catch (error) {
      return fail(producer, error instanceof InvalidAnswer ? 'invalid' : 'throw', error)
    }
    unsettled.set(producer, (unsettled.get(producer) ?? 0) + 1)
    return new Promise<readonly T[]>((resolve) => {
      let open = true
      const settle = (list: () => readonly T[]): void => {
        if (!open) return
        open = false
        resolve(list())
      }
      const settled = (list: () => readonly T[]): void => {
        unsettled.set(producer, (unsettled.get(producer) ?? 1) - 1)
        settle(list)
      }
      late.push(() => settle(() => fail(producer, 'timeout')))
      Promise.resolve(answer)
        .then(valid)
        .then(
          (list) => settled(() => list),
          (error: unknown) => settled(() => fail(producer, error instanceof InvalidAnswer ? 'invalid' : 'reject', error)),
        )
    })
  })
  if (late.length === 0) return (lists as (readonly T[])[]).flat()

  const stop = startTimer(clock, timeoutMs, () => late.forEach((giveUp) => giveUp()), { keepAlive })
  const answers = await Promise.all(lists.map((list) => Promise.resolve(list)))
  stop()
  return answers.flat()
}

class InvalidAnswer extends Error {}

/** A copy of the answer, so that neither side sees what the other does to its list. */
function valid<T extends Family>(answer: Iterable<T>): T[] {
  if (typeof answer?.[Symbol.iterator] !== 'function') throw new InvalidAnswer('getMetrics() must give a list of metrics')
  const list = [...answer]
  const wrong = list.findIndex((family) => typeof family?.descriptor?.name !== 'string')
  if (wrong >= 0) throw new InvalidAnswer(`the metric at index ${wrong} has no descriptor`)
  return list
}

function isThenable<T>(answer: Answer<T>): answer is Promise<readonly T[]> {
  return typeof (answer as Promise<unknown> | undefined)?.then === 'function'
}

function told(reason: GatherFailureReason, timeoutMs: number): string {
  switch (reason) {
    case 'throw':
      return 'threw'
    case 'reject':
      return 'rejected'
    case 'timeout':
      return `did not answer within ${timeoutMs} ms`
    case 'stuck':
      return `owes ${MAX_UNSETTLED} answers and is not asked again before one arrives`
    case 'invalid':
      return 'gave no list of metrics'
  }
}
