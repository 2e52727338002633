import type { Clock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { errorText } from '../../base/rate-limited-log.js'
import { isThenable } from '../../base/finally-async.js'
import { warnOnce } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { TIMED_OUT, type TimeoutOptions, withTimeout } from '../../base/with-timeout.js'
import type { MergeRule } from '../data/metric.js'
import type { Cells } from '../cells/cells.js'
import { LastValueCells } from '../cells/last-value-cells.js'
import {
  asNumber,
  cumulativeFault,
  gaugeFault,
  type Instrument,
  type InstrumentKind,
  type InstrumentOptions,
  type LabelsFor,
} from './instrument.js'
import type { LabelArguments } from './instrument-handle.js'
import { boundLabels, labelString, ownLabels } from '../labels/label-value.js'
import type { Labels } from '../labels/shared-tag-map.js'

const cells: InstrumentKind['cells'] = (rows) => new LastValueCells(rows)
export const DERIVED_GAUGE: InstrumentKind = { type: 'GAUGE_DOUBLE', cells, ownOptions: ['whenFailed', 'merge'] }
export const DERIVED_CUMULATIVE: InstrumentKind = { type: 'CUMULATIVE_DOUBLE', cells, ownOptions: ['whenFailed'] }

const FAILURES = internalCounter(
  'tallyscope_derived_failures_total',
  'Gatherings at which a derived metric had no new value, by reason.',
  'metric',
  'reason',
)

/** Returns the value. Called at each gathering; may be async. */
export type Observe = () => number | Promise<number>

interface Observation {
  readonly key: string
  readonly labels: Labels
  readonly observe: Observe
  /** The pending result, if any. The function is not called again before it has settled. */
  running: Promise<void> | undefined
  /** True while the function is called. */
  isCalling: boolean
  /** True if a gathering has stopped waiting for it. Later gatherings do not wait. */
  isLate: boolean
}

export interface DerivedOptions<K extends string = never> extends InstrumentOptions<K> {
  /** After a failure a series keeps its last value (`keep`), or is not exposed until the function succeeds (`absent`). Default `keep`. */
  readonly whenFailed?: 'keep' | 'absent'
}

export interface DerivedGaugeOptions<K extends string = never> extends DerivedOptions<K> {
  /** How gauges of several processes are combined: docs/many-processes.md. Default `sum`. */
  readonly merge?: MergeRule
}

/**
 * A metric whose value comes from a function at each gathering. Made by `registry.derivedGauge()` and
 * `registry.derivedCumulative()`. A function fails if it throws, rejects, is late or returns NaN. That is counted in
 * `tallyscope_derived_failures_total`, and {@link DerivedOptions.whenFailed} decides what is exposed. A late value is exposed at the
 * next gathering.
 *
 * @example
 * registry.derivedGauge('pool/size', { unit: '1' }).observe(() => pool.size)
 */
export class Derived<K extends string = never> {
  readonly #instrument: Instrument
  readonly #observations = new Map<string, Observation>()

  readonly #whenFailed: 'keep' | 'absent'

  /** @internal */
  constructor(instrument: Instrument, whenFailed: 'keep' | 'absent') {
    this.#instrument = instrument
    this.#whenFailed = whenFailed
  }

  /**
   * Calls `fn` at each gathering. It replaces an earlier function for the same labels. Functions beyond the limit of series are not
   * called, which is counted.
   * @returns A function that stops the calls and removes the series.
   * @throws {@link DefinitionError} `ERR_OBSERVE` if `fn` is not a function.
   */
  observe(fn: Observe, labels?: LabelsFor<K>): () => void {
    if (typeof fn !== 'function') {
      throw new DefinitionError('ERR_OBSERVE', `observe takes a function: ${this.#instrument.descriptor.name} was given ${typeof fn}`)
    }
    const own = boundLabels(labels, this.#instrument.store.labelKeys)
    const key = this.#keyOf(own)
    if (this.#observations.size >= this.#instrument.rowLimit && !this.#observations.has(key)) {
      this.#fail('limit', undefined)
      return () => {}
    }
    const observation: Observation = { key, labels: own, observe: fn, running: undefined, isCalling: false, isLate: false }
    this.#observations.set(key, observation)
    return () => {
      if (this.#observations.get(key) !== observation) return
      this.#observations.delete(key)
      this.#instrument.remove(own)
    }
  }

  /** Stops the calls for these labels and removes the series. Returns false if there was no function. */
  remove(...given: LabelArguments<K>): boolean
  remove(labels?: unknown): boolean {
    try {
      const own = ownLabels(labels, this.#instrument.store.labelKeys)
      const known = this.#observations.delete(this.#keyOf(own))
      return this.#instrument.remove(own) || known
    } catch {
      return false // a getter or a proxy threw
    }
  }

  /** Equal for labels of the same series, whose values are cut. */
  #keyOf(labels: Labels): string {
    const { maxValueLength } = this.#instrument.store.index
    return JSON.stringify(labels, (_key, value: unknown) => (typeof value === 'string' ? labelString(value, maxValueLength) : value))
  }

  /** Stops all calls and removes all series. */
  clear(): void {
    this.#observations.clear()
    this.#instrument.store.clear()
  }

  /** Calls all functions, and returns the pending results. @internal */
  callAll(): PendingResult[] {
    const waiting: PendingResult[] = []
    for (const observation of [...this.#observations.values()]) {
      if (observation.isLate) this.#fail('timeout', undefined, observation)
      else {
        const answer = observation.running ?? this.#callOne(observation)
        if (answer !== undefined) waiting.push({ answer, giveUp: () => this.#giveUp(observation, answer) })
      }
    }
    return waiting
  }

  #callOne(observation: Observation): Promise<void> | undefined {
    if (observation.isCalling) return undefined // the function itself gathers: it sees its last value
    let answer: number | Promise<number>
    observation.isCalling = true
    try {
      answer = observation.observe()
      if (!isThenable(answer)) {
        this.#take(observation, answer)
        return undefined
      }
    } catch (error) {
      this.#fail('throw', error, observation)
      return undefined
    } finally {
      observation.isCalling = false
    }
    observation.running = Promise.resolve(answer)
      .then(
        (value) => this.#take(observation, value),
        (error: unknown) => this.#fail('reject', error, observation),
      )
      .finally(() => {
        observation.running = undefined
        observation.isLate = false
      })
    return observation.running
  }

  #take(observation: Observation, answer: number): void {
    const instrument = this.#instrument
    if (this.#observations.get(observation.key) !== observation) return // it was removed meanwhile
    const value = asNumber(answer)
    const isCumulative = instrument.descriptor.type.startsWith('CUMULATIVE')
    const fault =
      value !== value ? 'nan' : isCumulative ? cumulativeFault(value, instrument.isInteger) : gaugeFault(value, instrument.isInteger)
    if (fault !== undefined) return this.#fail(fault, undefined, observation)
    instrument.change(observation.labels, value, isCumulative ? raise : undefined)
  }

  /** Counts a result that is not there in time, unless a later gathering waits for another one. */
  #giveUp(observation: Observation, answer: Promise<void>): void {
    if (observation.running !== answer || observation.isLate || this.#observations.get(observation.key) !== observation) return
    observation.isLate = true
    this.#fail('timeout', undefined, observation)
  }

  #fail(reason: string, error: unknown, observation?: Observation): void {
    const { name } = this.#instrument.descriptor
    if (observation !== undefined && this.#whenFailed === 'absent' && this.#observations.get(observation.key) === observation) {
      this.#instrument.remove(observation.labels)
    }
    internalCount(FAILURES, name, reason).value++
    const why = error === undefined ? reason : `${reason}: ${errorText(error)}`
    warnOnce('TALLYSCOPE_DERIVED_FAILED', `${name} ${reason}`, `the derived metric ${name} has no new value: ${why}`)
  }
}

/** A result that a gathering waits for. */
interface PendingResult {
  readonly answer: Promise<void>
  /** Call when the gathering waits no longer. */
  giveUp(): void
}

/** Sets the value of a counter. A value below the last one is ignored, because a counter never falls. */
function raise(cells: Cells, cell: number, value: number): boolean {
  return value < cells.value(cell) || cells.record(cell, value)
}

/**
 * Calls the functions of all derived metrics.
 * @returns A promise if some of them are async: of their results, for which it waits at most `timeoutMs`.
 */
export function observeAll(derived: Iterable<Derived<string>>, timeoutMs: number, clock: Clock): Promise<void> | undefined {
  const waiting = [...derived].flatMap((metric) => metric.callAll())
  return waiting.length === 0 ? undefined : untilObserved(waiting, { clock, timeoutMs, keepAlive: true })
}

async function untilObserved(waiting: readonly PendingResult[], options: TimeoutOptions): Promise<void> {
  const all = Promise.all(waiting.map(({ answer }) => answer))
  if ((await withTimeout(all, options)) === TIMED_OUT) for (const { giveUp } of waiting) giveUp()
}
