import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { Stats } from '../../../src/stats/stats.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import { type Aggregation, count, distribution, exponential, percentiles, sum } from '../../../src/stats/views/aggregation.js'
import type { ManualClock } from '../../../src/testing/manual-clock.js'

// An engine with one family of each kind, all of them with the label `route`.

const VIEWS: Readonly<Record<string, Aggregation>> = {
  requests: count(),
  seconds: sum(),
  latency: distribution([0.5, 1, 4]),
  spread: exponential({ maxBuckets: 16 }),
}
const QUANTILES = { quantiles: [0, 0.5, 0.9, 1], maxAgeMs: 3_600_000 }

/** Views of one measure, which share their rows. */
export const SHARED_VIEWS: readonly string[] = Object.keys(VIEWS)
export const CUMULATIVES = [...SHARED_VIEWS, 'wait', 'jobs', 'size', 'weight', 'each', 'snapshot', 'snapshotSize'] as const
export const GAUGES = ['sum', 'min', 'max', 'latest', 'eachGauge', 'state', 'info'] as const
export const STATES = ['starting', 'running', 'stopping'] as const
const labelKeys = ['route'] as const

/** A value as one engine or member has recorded it. */
export interface Entry {
  readonly value: number
  readonly atMs: number
  readonly trace?: string | undefined
}

export class ModelledEngine {
  readonly stats: Stats
  readonly #registry: MetricRegistry
  readonly #measures = new Map<string, Measure>()
  readonly #snapshots = new Map<string, Map<string, { entries: Entry[] }>>()
  readonly #record = new Map<string, (value: number, labels: { route: string }, trace?: Record<string, string>) => void>()
  readonly #handles = new Map<string, { clear(): void; remove?(labels: { route: string }): unknown }>()
  readonly clock: ManualClock

  /**
   * @param isWhole True for the engine with all values. Its views have a measure each, because members may have removed rows of one of them,
   *   and its families with a row for each member have the label `member`.
   */
  constructor(clock: ManualClock, isWhole: boolean) {
    this.clock = clock
    this.stats = new Stats({ clock })
    this.#registry = new MetricRegistry({ clock })
    const registry = this.#registry
    const shared = this.stats.measure('shop/time', { unit: 's', tagKeys: labelKeys }) as Measure
    for (const name of SHARED_VIEWS) {
      this.#measures.set(name, isWhole ? (this.stats.measure(`shop/${name}`, { unit: 's', tagKeys: labelKeys }) as Measure) : shared)
      this.registerView(name)
    }
    const wait = this.stats.measure('shop/wait', { unit: 's', tagKeys: labelKeys })
    this.stats.registerView({ name: 'shop/wait', measure: wait, tagKeys: labelKeys, aggregation: percentiles(QUANTILES) })
    this.#record.set('wait', (value, labels) => this.stats.record(wait, value, labels))
    for (const family of ['jobs', 'each']) {
      const counter = registry.counter(family, { labelKeys: family === 'each' && isWhole ? ['route', 'member'] : ['route'] })
      this.#record.set(family, (value, labels) => counter.inc(value, labels as never))
      this.#handles.set(family, counter as never)
    }
    const size = registry.histogram('size', { unit: 'By', bounds: [1, 2, 6], labelKeys })
    this.#record.set('size', (value, labels) => size.observe(value, labels))
    this.#handles.set('size', size)
    const weight = registry.summary('weight', { ...QUANTILES, labelKeys })
    this.#record.set('weight', (value, labels) => weight.observe(value, labels))
    this.#handles.set('weight', weight)
    if (isWhole) return
    for (const merge of ['sum', 'min', 'max', 'latest', 'each'] as const) {
      const family = merge === 'each' ? 'eachGauge' : merge
      const gauge = registry.gauge(`depth/${family}`, { merge, labelKeys })
      this.#record.set(family, (value, labels) => gauge.set(value, labels))
      this.#handles.set(family, gauge)
    }
    const state = registry.stateSet('state', { states: STATES, labelKeys })
    this.#record.set('state', (value, labels) => state.set(STATES[value % 3]!, labels))
    this.#handles.set('state', state)
    const info = registry.info('info', { labelKeys })
    this.#record.set('info', (_value, labels) => info.set(labels))
    this.#handles.set('info', info)
  }

  get producers(): MetricProducer[] {
    return [this.stats, this.#registry, { name: 'snapshots', getMetrics: () => this.#snapshotMetrics() }]
  }

  registerView(name: string): void {
    const measure = this.#measures.get(name)!
    this.stats.registerView({ name: `shop/${name}`, measure, tagKeys: labelKeys, aggregation: VIEWS[name]! })
    this.#record.set(name, (value, labels, trace) => this.stats.record(measure, value, labels, trace))
  }

  unregisterView(name: string): void {
    this.stats.viewManager.unregisterView(`shop/${name}`)
  }

  /** Records a value now. Views of the shared measure all get it. */
  record(family: string, entry: Entry, labels: { route: string }): void {
    if (family.startsWith('snapshot')) {
      const rows = this.#snapshots.get(family) ?? new Map<string, { entries: Entry[] }>()
      this.#snapshots.set(family, rows)
      const row = rows.get(labels.route) ?? { entries: [] }
      rows.set(labels.route, row)
      row.entries.push(entry)
    } else this.#record.get(family)!(entry.value, labels, entry.trace === undefined ? undefined : { trace_id: entry.trace })
  }

  /** Records a value in the measure of all shared views. */
  recordShared({ value, trace }: Entry, labels: { route: string }): void {
    const shared = this.#measures.get(SHARED_VIEWS[0]!)!
    this.stats.record(shared, value, labels, trace === undefined ? undefined : { trace_id: trace })
  }

  remove(family: string, route: string): void {
    if (SHARED_VIEWS.includes(family) || family === 'wait') this.stats.viewManager.removeRows(`shop/${family}`, { route })
    else if (family.startsWith('snapshot')) this.#snapshots.get(family)?.delete(route)
    else this.#handles.get(family)!.remove!({ route })
  }

  clear(family: string): void {
    if (family.startsWith('snapshot')) this.#snapshots.delete(family)
    else this.#handles.get(family)!.clear()
  }

  #snapshotMetrics(): Metric[] {
    return [...this.#snapshots].map(([family, rows]) => {
      const isCounter = family === 'snapshot'
      const type = isCounter ? ('CUMULATIVE_DOUBLE' as const) : ('CUMULATIVE_DISTRIBUTION' as const)
      const timeSeries = [...rows].map(([route, { entries }]) => {
        const total = entries.reduce((all, { value }) => all + value, 0)
        const below = entries.filter(({ value }) => value <= 1).length
        const bucketCounts = [below, entries.length - below]
        const value = isCounter
          ? total
          : {
              ...{ kind: 'distribution' as const, count: entries.length, sum: total, sumOfSquaredDeviation: 0 },
              ...{ bounds: [1], bucketCounts, exemplars: [] },
            }
        return { labelValues: [route], startTimeUnixMs: entries[0]!.atMs, points: [{ timeUnixMs: 0, value }] }
      })
      const name = isCounter ? 'snapshot' : 'snapshotSize'
      return { descriptor: { name, description: '', unit: '1', type, labelKeys }, timeSeries } as unknown as Metric
    })
  }
}
