import type { Int32Histogram } from 'hdr-histogram-js'
import { idleCount, internalCounter } from '../../base/internal-metrics.js'
import type { Clock } from '../../base/clock.js'
import hdrLoad from './hdr-load.cjs'
import type { SummaryInterval, SummaryValue } from '../data/metric.js'
import type { PercentileWindow } from '../data/row-source.js'
import { quantilesIn } from './percentile-windows.js'
import type { PercentilesConfig } from './percentiles-options.js'

/** After quantiles are read, the clock is read for this number of values one by one, then for groups of values that become larger. */
const SINGLE_READS = 64
const MAX_VALUES_PER_READ = 256
/** Maximum number of corrections that one long value adds one by one. Beyond it, several are added at a time. */
const MAX_CORRECTIONS = 1_000
/** Limit of the values of a window with corrections: its buckets are 32-bit integers. */
const MAX_CORRECTED = 2 ** 30

const clamped = idleCount(
  internalCounter(
    'tallyscope_clamped_percentile_values_total',
    'Values above the range of percentiles. Count and sum are exact; quantiles show the end of the range.',
  ),
)

/** One period of time with its values. */
interface Window {
  readonly histogram: Int32Histogram
  min: number
  max: number
  startTimeUnixMs: number
}

/**
 * The running data of one row of percentiles: HdrHistograms in a ring of windows, of which the oldest one is dropped as time passes, with
 * an exact count and sum that never fall.
 *
 * HdrHistogram is made for whole numbers: it truncates fractions, counts NaN as a value and throws on negative numbers. Values are
 * therefore checked and scaled. Under load the clock is read only once for 256 values: reading it for each would take about as long as the
 * rest; see bench/metrics/percentiles.bench.js.
 */
export class PercentilesData {
  readonly config: PercentilesConfig
  readonly #clock: Clock
  readonly #originMs: number
  readonly #windows: Window[]
  readonly #closed: SummaryInterval[] = []
  #current: Window
  #at = 0
  /** How many windows have passed since the beginning. */
  #turn = 0
  /** Values before the clock is read again. */
  #valuesBeforeRead = 1
  /** How often the clock was read since quantiles were read. */
  #clockReads = 0
  #count = 0
  #sum = 0

  constructor(config: PercentilesConfig, clock: Clock) {
    this.config = config
    this.#clock = clock
    this.#originMs = clock.monotonicMs()
    const Int32Histogram = hdrLoad.loadHistogram()
    this.#windows = Array.from({ length: config.windows }, () => {
      const histogram = new Int32Histogram(1, 2, config.significantDigits)
      histogram.autoResize = true
      return { histogram, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, startTimeUnixMs: clock.unixMs() }
    })
    this.#current = this.#windows[0]!
  }

  /** The number of values. */
  get count(): number {
    return this.#count
  }

  /** The sum of all values. */
  get sum(): number {
    return this.#sum
  }

  /**
   * Records a value. Returns false if it is not a number, negative, or would make the sum infinite. Never throws. A value above `highest`
   * is exact in count, sum and maximum; otherwise `highest` stands for it, which is counted.
   */
  record(value: number): boolean {
    const { expectedInterval, highest } = this.config
    if (!(value >= 0 && this.#sum + value < Infinity)) return false
    if (--this.#valuesBeforeRead <= 0) this.#readClock()
    const window = this.#current
    const shown = value > highest ? highest : value
    if (shown !== value) clamped.value++
    window.histogram.recordValue(this.#scaled(shown))
    if (value > window.max) window.max = value
    if (shown < window.min) window.min = shown
    this.#count++
    this.#sum += value
    if (expectedInterval > 0 && shown > expectedInterval) this.#correct(shown)
    return true
  }

  /** The whole number that represents a value in the histogram. */
  #scaled(value: number): number {
    return Math.floor(value * this.config.scale + 0.5)
  }

  #readClock(): void {
    this.#clockReads++
    this.#valuesBeforeRead = this.#clockReads <= SINGLE_READS ? 1 : Math.min(2 ** (this.#clockReads - SINGLE_READS), MAX_VALUES_PER_READ)
    this.#dropExpired()
  }

  /** Adds the values that would have been recorded if the long one had not delayed them. */
  #correct(value: number): void {
    const { expectedInterval } = this.config
    const { histogram } = this.#current
    const missing = Math.min(Math.floor(value / expectedInterval) - 1, MAX_CORRECTED - histogram.totalCount)
    const together = Math.max(1, Math.ceil(missing / MAX_CORRECTIONS))
    for (let entered = 0; entered < missing; entered += together) {
      const count = Math.min(together, missing - entered)
      const middle = value - expectedInterval * (entered + (count + 1) / 2)
      histogram.recordValueWithCount(this.#scaled(middle), count)
      if (middle < this.#current.min) this.#current.min = middle
    }
  }

  /** Drops the windows that have expired. Returns the time of the monotonic clock. */
  #dropExpired(): number {
    const nowMs = this.#clock.monotonicMs()
    const turn = Math.floor((nowMs - this.#originMs) / this.config.windowMs)
    if (turn <= this.#turn) return nowMs
    if (this.config.intervals) this.#close()
    for (let turns = Math.min(turn - this.#turn, this.#windows.length); turns > 0; turns--) {
      this.#at = (this.#at + 1) % this.#windows.length
      this.#current = this.#windows[this.#at]!
      this.#current.histogram.reset()
      this.#current.min = Number.POSITIVE_INFINITY
      this.#current.max = Number.NEGATIVE_INFINITY
    }
    this.#turn = turn
    this.#current.startTimeUnixMs = this.#clock.unixMs() - (nowMs - this.#originMs - turn * this.config.windowMs)
    return nowMs
  }

  #close(): void {
    const interval = this.#interval(true)
    if (interval === undefined) return
    this.#closed.push(interval)
    if (this.#closed.length > this.#windows.length) this.#closed.shift()
  }

  #interval(closed: boolean): SummaryInterval | undefined {
    const { histogram, max, startTimeUnixMs } = this.#current
    if (histogram.totalCount === 0) return undefined
    const endTimeUnixMs = closed ? startTimeUnixMs + this.config.windowMs : this.#clock.unixMs()
    return { startTimeUnixMs, endTimeUnixMs, closed, max, scale: this.config.scale, histogram: hdrLoad.loadEncoder()(histogram) }
  }

  /** Count and sum of all values, and the quantiles of the windows that have not expired; NaN if these are empty. */
  summary(): SummaryValue {
    this.#dropExpired()
    this.#clockReads = 0
    this.#valuesBeforeRead = 1
    const open = this.config.intervals ? this.#interval(false) : undefined
    return {
      kind: 'summary',
      count: this.#count,
      sum: this.#sum,
      quantiles: this.#quantiles(),
      ...(this.config.intervals && { intervals: open === undefined ? [...this.#closed] : [...this.#closed, open] }),
    }
  }

  #quantiles(): { quantile: number; value: number }[] {
    const filled = this.#windows.filter(({ histogram }) => histogram.totalCount > 0)
    const histograms = filled.map(({ histogram }) => histogram)
    return quantilesIn(this.config, {
      least: Math.min(...filled.map(({ min }) => min)),
      greatest: Math.max(...filled.map(({ max }) => max)),
      total: histograms.reduce((sum, { totalCount }) => sum + totalCount, 0),
      bucketOf: bucketSearch(histograms),
    })
  }

  /** The non-empty windows that have not expired, oldest first. */
  percentileWindows(): readonly PercentileWindow[] {
    const nowMs = this.#dropExpired()
    const { windowMs, windows } = this.config
    const openForMs = nowMs - this.#originMs - this.#turn * windowMs
    const all: PercentileWindow[] = []
    for (let age = windows - 1; age >= 0; age--) {
      const { histogram, min, max } = this.#windowOfAge(age)
      if (histogram.totalCount === 0) continue
      const indexes: number[] = []
      const counts: number[] = []
      for (let index = 0; index < histogram.countsArrayLength; index++) {
        const count = histogram.getCountAtIndex(index)
        if (count === 0) continue
        indexes.push(index)
        counts.push(count)
      }
      all.push({ indexes, counts, min, max, remainingMs: (windows - age) * windowMs - openForMs })
    }
    return all
  }

  /** Adds all values of another row with the same options. Quantiles are then those of the values of both. */
  merge(other: PercentilesData): void {
    this.#dropExpired()
    other.#dropExpired()
    for (let age = 0; age < this.#windows.length; age++) {
      const [into, from] = [this.#windowOfAge(age), other.#windowOfAge(age)]
      into.histogram.add(from.histogram)
      into.min = Math.min(into.min, from.min)
      into.max = Math.max(into.max, from.max)
    }
    this.#count += other.#count
    this.#sum += other.#sum
  }

  #windowOfAge(age: number): Window {
    return this.#windows[(this.#at - age + this.#windows.length) % this.#windows.length]!
  }
}

/** Returns a function that finds the bucket with the value of a rank in all histograms together. It must be called with rising ranks. */
function bucketSearch(histograms: readonly Int32Histogram[]): (rank: number) => number {
  const buckets = Math.max(0, ...histograms.map(({ countsArrayLength }) => countsArrayLength))
  let passed = 0
  let index = -1
  return (rank) => {
    while (passed < rank && index + 1 < buckets) {
      index++
      for (const histogram of histograms) if (index < histogram.countsArrayLength) passed += histogram.getCountAtIndex(index)
    }
    return index
  }
}
