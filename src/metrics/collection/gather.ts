import { types } from 'node:util'
import { checkClock, checkNumber, checkOptions, type OptionNames } from '../../base/check-options.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { errorText } from '../../base/rate-limited-log.js'
import { isThenable } from '../../base/finally-async.js'
import { warnOnce } from '../../base/logger.js'
import { inspectValue, componentName } from '../../base/strings/inspect-value.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { MAX_TIMER_MS, startTimer } from '../../base/timer.js'
import { MAX_UNSETTLED, RENEW_AFTER_MS } from '../../base/with-timeout.js'
import type { Metric } from '../data/metric.js'
import type { GatheringContext, MetricProducer } from '../data/producer.js'
import type { Family } from '../data/row-source.js'
import { familyFault } from '../data/validate-family.js'

/** Why a producer's metrics are missing from a gathering. */
export type GatherFailureReason = 'throw' | 'reject' | 'timeout' | 'stuck' | 'invalid'

export interface GatherFailure {
  readonly producer: string
  readonly reason: GatherFailureReason
  readonly error: unknown
}

export interface GatherOptions {
  /** Time limit for each producer, in milliseconds, 0 … 2^31 - 1. All run at once. Default 10 000. */
  readonly timeoutMs?: number
  /** Called with every failure. An error that it throws is ignored. Default: failures are only counted. */
  readonly onFailure?: (failure: GatherFailure) => void
  /** Keeps the process alive until all producers have returned or timed out. Default true. */
  readonly keepAlive?: boolean
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<GatherOptions> = { timeoutMs: true, onFailure: true, keepAlive: true, clock: true }

const failures = internalCounter(
  'tallyscope_producer_failures_total',
  'Gatherings without the metrics of a producer, because it failed.',
  'producer',
  'reason',
)

interface PendingCall<T> {
  readonly startedMs: number
  readonly timeoutMs: number
  readonly answer: Promise<readonly T[]>
}

/** Pending calls by what they return. Overlapping gatherings share them. */
type PendingCalls<T> = WeakMap<MetricProducer, PendingCall<T>>

const pendingMetrics: PendingCalls<Metric> = new WeakMap()
const pendingFamilies: PendingCalls<Family> = new WeakMap()

/** One way to read a producer. */
interface Source<T> {
  call(producer: MetricProducer, context: GatheringContext): Answer<T>
  pending(producer: MetricProducer): PendingCalls<T>
}

const METRICS: Source<Metric> = {
  call: (producer, context) => producer.getMetrics(context),
  pending: () => pendingMetrics,
}
const FAMILIES: Source<Family> = {
  call: (producer, context) => producer.getFamilies?.(context) ?? producer.getMetrics(context),
  pending: (producer) => (producer.getFamilies === undefined ? (pendingMetrics as PendingCalls<Family>) : pendingFamilies),
}
const unsettled = new WeakMap<MetricProducer, number>()

/**
 * Returns the metrics of all producers, in the order of the producers. If a producer throws, rejects or does not answer in time, only its
 * own metrics are missing: that is counted in `tallyscope_producer_failures_total` and logged once, and a late answer is ignored.
 * Gatherings that overlap share one call of each producer.
 *
 * @throws {@link DefinitionError} (as a rejection) `ERR_GATHER_TIMEOUT`, `ERR_PRODUCER`, `ERR_OPTION`.
 * @example
 * const metrics = await gather([stats, registry], { timeoutMs: 2_000 })
 */
export async function gather(producers: readonly MetricProducer[], options: GatherOptions = {}): Promise<Metric[]> {
  return [...(await begin(METRICS, producers, options).all)]
}

/**
 * Returns the metrics of the producers that answer without a promise, and whether these are all. For the end of a process.
 * @throws {@link DefinitionError} `ERR_PRODUCER`
 */
export function gatherNow(producers: readonly MetricProducer[], options: GatherOptions = {}): { metrics: Metric[]; isAll: boolean } {
  const { all, soFar } = begin(METRICS, producers, { ...options, timeoutMs: 0, keepAlive: false })
  return { metrics: [...soFar()], isAll: !(all instanceof Promise) }
}

/**
 * Like {@link gather}, with rows instead of snapshots if a producer has them. For streaming encoders.
 * @example
 * for await (const chunk of textEncoder.encode(await gatherFamilies([stats]))) response.write(chunk)
 */
export async function gatherFamilies(producers: readonly MetricProducer[], options: GatherOptions = {}): Promise<Family[]> {
  return [...(await begin(FAMILIES, producers, options).all)]
}

/** A gathering that has begun. */
export interface Gathering<T> {
  /** The metrics of all producers that answer in time; a promise only if a producer is asynchronous. Never rejects. */
  readonly all: readonly T[] | Promise<readonly T[]>
  /** The metrics of the producers that have answered so far. */
  soFar(): readonly T[]
}

/**
 * Like {@link gatherFamilies}, for callers that may have to continue before all producers have answered.
 * @throws {@link DefinitionError} `ERR_GATHER_TIMEOUT`, `ERR_PRODUCER`.
 */
export function beginGathering(producers: readonly MetricProducer[], options: GatherOptions = {}): Gathering<Family> {
  return begin(FAMILIES, producers, options)
}

/**
 * Refuses a value that is not a list of producers.
 * @throws {@link DefinitionError} `ERR_PRODUCER`
 */
export function checkProducers(producers: unknown): void {
  if (!Array.isArray(producers)) {
    throw new DefinitionError('ERR_PRODUCER', `producers must be an array, such as [stats]: it is ${inspectValue(producers)}`)
  }
  const wrong = producers.findIndex((producer) => typeof (producer as MetricProducer | undefined)?.getMetrics !== 'function')
  if (wrong >= 0) throw new DefinitionError('ERR_PRODUCER', `a producer must have getMetrics(): the one at index ${wrong} has none`)
}

type Answer<T> = readonly T[] | Promise<readonly T[]>

type GatherSettings = Required<Omit<GatherOptions, 'onFailure'>> & Pick<GatherOptions, 'onFailure'>

function checkGathering(producers: readonly MetricProducer[], options: GatherOptions): GatherSettings {
  checkOptions('gather', options, OPTIONS)
  checkClock('gather', options.clock)
  const { timeoutMs = 10_000, keepAlive = true, clock = timerClock, onFailure } = options
  checkProducers(producers)
  checkNumber('ERR_GATHER_TIMEOUT', 'timeoutMs', timeoutMs, { min: 0, max: MAX_TIMER_MS })
  return { timeoutMs, keepAlive, clock, ...(onFailure && { onFailure }) }
}

/** A producer whose metrics have not arrived. */
interface AwaitedAnswer<T> {
  /** Its index in the list of producers. */
  readonly at: number
  readonly producer: MetricProducer
  readonly answer: Promise<readonly T[]>
}

/** The metrics that have arrived, by the index of their producer. */
type Arrived<T> = (readonly T[] | undefined)[]

function begin<T extends Family>(source: Source<T>, producers: readonly MetricProducer[], options: GatherOptions): Gathering<T> {
  const settings = checkGathering(producers, options)
  const arrived: Arrived<T> = []
  const awaited: AwaitedAnswer<T>[] = []
  for (const [at, producer] of producers.entries()) {
    const answer = callOrLeaveOut(source, producer, settings)
    if (answer instanceof Promise) awaited.push({ at, producer, answer })
    arrived.push(answer instanceof Promise ? undefined : answer)
  }
  const soFar = (): readonly T[] => arrived.flatMap((list) => list ?? [])
  const all = awaited.length === 0 ? soFar() : untilAll(arrived, awaited, settings).then(soFar)
  return { all, soFar }
}

function callOrLeaveOut<T extends Family>(source: Source<T>, producer: MetricProducer, settings: GatherSettings): Answer<T> {
  try {
    return callOrJoin(source, producer, settings)
  } catch (error) {
    return leftOut(producer, reasonOf(error, 'throw'), error, settings)
  }
}

/** Resolves when each awaited producer has answered, failed or timed out. Never rejects. */
function untilAll<T>(arrived: Arrived<T>, awaited: readonly AwaitedAnswer<T>[], settings: GatherSettings): Promise<void> {
  const { clock, timeoutMs, keepAlive } = settings
  let open = awaited.length
  return new Promise((resolve) => {
    const arrive = (at: number, list: () => readonly T[]): void => {
      if (arrived[at] !== undefined) return
      arrived[at] = list()
      if (--open > 0) return
      stopTimer()
      resolve()
    }
    const giveUp = (): void => {
      for (const { at, producer } of awaited) arrive(at, () => leftOut(producer, 'timeout', undefined, settings))
    }
    const stopTimer = startTimer(clock, timeoutMs, giveUp, { keepAlive })
    for (const { at, producer, answer } of awaited) {
      answer.then(
        (list) => arrive(at, () => list),
        (error: unknown) => arrive(at, () => leftOut(producer, reasonOf(error, 'reject'), error, settings)),
      )
    }
  })
}

/**
 * Calls the producer, or returns the promise of a pending call, so that concurrent gatherings call an asynchronous producer only once. A
 * call that is older than `RENEW_AFTER_MS`, and older than its time-out, is not shared any more.
 * @throws What the producer throws; Refusal
 */
function callOrJoin<T extends Family>(source: Source<T>, producer: MetricProducer, { timeoutMs, clock }: GatherSettings): Answer<T> {
  const nowMs = clock.monotonicMs()
  const pending = source.pending(producer)
  const running = pending.get(producer)
  if (running !== undefined && nowMs - running.startedMs < Math.max(RENEW_AFTER_MS, running.timeoutMs)) return running.answer
  if ((unsettled.get(producer) ?? 0) >= MAX_UNSETTLED) throw new Refusal('stuck')
  const given = source.call(producer, { timeoutMs })
  if (!isThenable(given)) return checkedFamilies(given)
  unsettled.set(producer, (unsettled.get(producer) ?? 0) + 1)
  const answer = Promise.resolve(given)
    .finally(() => {
      unsettled.set(producer, (unsettled.get(producer) ?? 1) - 1)
      if (pending.get(producer)?.answer === answer) pending.delete(producer)
    })
    .then(checkedFamilies)
  pending.set(producer, { startedMs: nowMs, timeoutMs, answer })
  return answer
}

/** Counts and reports that a producer's metrics are missing. Returns an empty list in their place. */
function leftOut(
  producer: MetricProducer,
  reason: GatherFailureReason,
  given: unknown,
  { timeoutMs, onFailure }: GatherSettings,
): readonly never[] {
  const error = reason === 'stuck' ? undefined : given
  const name = componentName(producer, 'producer')
  internalCount(failures, name, reason).value++
  const why = describe(reason, timeoutMs) + (error === undefined ? '' : `: ${errorText(error)}`)
  warnOnce('TALLYSCOPE_PRODUCER_FAILED', `${name} ${reason}`, `the metrics of ${name} are missing, the producer ${why}`)
  try {
    onFailure?.({ producer: name, reason, error })
  } catch {
    // An error of the callback must not affect the metrics of other producers.
  }
  return []
}

/** A producer that is not called, or whose answer is not used. */
class Refusal extends Error {
  readonly reason: 'stuck' | 'invalid'
  constructor(reason: 'stuck' | 'invalid', message?: string) {
    super(message)
    this.reason = reason
  }
}

/** A producer may also throw a proxy that throws when it is looked at. */
function reasonOf(error: unknown, otherwise: 'throw' | 'reject'): GatherFailureReason {
  return !types.isProxy(error) && error instanceof Refusal ? error.reason : otherwise
}

/**
 * Checks the answer of a producer and copies it, so that neither side sees later changes of the other's list.
 * @throws Error if it is not a list of metrics.
 */
export function checkedFamilies<T extends Family>(answer: Iterable<T>): T[] {
  if (typeof answer?.[Symbol.iterator] !== 'function') throw new Refusal('invalid', 'getMetrics() must return an iterable of metrics')
  const list = [...answer]
  for (const [at, family] of list.entries()) {
    const fault = familyFault(family)
    if (fault !== undefined) throw new Refusal('invalid', `the metric at index ${at} ${fault}`)
  }
  return list
}

function describe(reason: GatherFailureReason, timeoutMs: number): string {
  return {
    throw: 'threw',
    reject: 'rejected',
    timeout: `did not answer within ${timeoutMs} ms`,
    stuck: `has ${MAX_UNSETTLED} pending calls and is not called again before one settles`,
    invalid: 'did not return a list of metrics',
  }[reason]
}
