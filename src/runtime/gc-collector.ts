import { getOrInsert } from '../base/get-or-insert.js'
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks'
import type { DistributionValue, MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, type AddValue } from './collector.js'

/** Values of the label `kind`. */
const KINDS: ReadonlyMap<number | undefined, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

/** The used part of a performance entry of type `gc`. */
interface Collection {
  /** Milliseconds. */
  readonly duration: number
  readonly detail?: unknown
}

/** A histogram of the durations of garbage collections, by kind. */
export class GcCollector implements Collector {
  readonly name = 'gc'
  readonly descriptors: readonly MetricDescriptor[] = [
    exact(
      'nodejs_gc_duration_seconds',
      'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
      's',
      'CUMULATIVE_DISTRIBUTION',
      ['kind'],
    ),
  ]
  readonly #bounds: readonly number[]
  readonly #kinds = new Map<string, Durations>()
  #observer: PerformanceObserver | undefined

  /** @param bounds Upper bounds of the buckets in seconds, increasing. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
  }

  start(): void {
    this.#observer = new PerformanceObserver((list) => this.add(list.getEntries()))
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#observer?.disconnect()
    this.#observer = undefined
  }

  /** Adds observed collections. An observer may report several at once. */
  add(collections: readonly Collection[]): void {
    for (const { duration, detail } of collections) {
      const kind = KINDS.get((detail as NodeGCPerformanceDetail | undefined)?.kind) ?? 'other'
      getOrInsert(this.#kinds, kind, () => new Durations(this.#bounds)).add(duration / 1e3)
    }
  }

  collect(add: AddValue): void {
    if (this.#observer !== undefined) this.add(this.#observer.takeRecords())
    for (const [kind, durations] of this.#kinds) add('nodejs_gc_duration_seconds', durations.snapshot(), [kind])
  }
}

/** A distribution of few values. It searches the bounds from the first to the last. */
class Durations {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #count = 0
  #sum = 0
  #mean = 0
  #squares = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = [...bounds, Number.POSITIVE_INFINITY].map(() => 0)
  }

  add(seconds: number): void {
    const bucket = this.#bounds.findIndex((bound) => seconds <= bound)
    this.#counts[bucket < 0 ? this.#bounds.length : bucket]!++
    this.#count++
    this.#sum += seconds
    const distance = seconds - this.#mean
    this.#mean += distance / this.#count
    this.#squares += distance * (seconds - this.#mean)
  }

  snapshot(): DistributionValue {
    return {
      kind: 'distribution',
      count: this.#count,
      sum: this.#sum,
      mean: this.#mean,
      sumOfSquaredDeviation: this.#squares,
      bounds: this.#bounds,
      bucketCounts: [...this.#counts],
    }
  }
}
