import { getOrInsert } from '../base/get-or-insert.js'
import { checkBooleans, checkClock, checkNumber, checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import { nearest } from '../base/strings/nearest-name.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import { type Clock, systemClock } from '../base/clock.js'
import { DefinitionError } from '../base/errors.js'
import { internalCount, internalCounter } from '../base/internal-metrics.js'
import { MAX_TIMER_MS } from '../base/timer.js'
import type { Metric, MetricDescriptor, TimeSeries } from '../metrics/data/metric.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import { ActivityCollector, MISNAMED } from './activity-collector.js'
import { CgroupCollector } from './cgroup-collector.js'
import type { AddValue, Collector } from './collector.js'
import { EventLoopCollector } from './event-loop-collector.js'
import { GcCollector } from './gc-collector.js'
import { HeapCollector } from './heap-collector.js'
import { ProcessCollector } from './process-collector.js'
import { systemFiles, type SystemFiles } from './system-file.js'

export interface RuntimeMetricsOptions {
  /** Names of the metrics to expose. Collectors without such a metric are not started. Default: all. */
  readonly only?: readonly string[]
  /** Names of the metrics to leave out. Default: none. */
  readonly except?: readonly string[]
  /** Prefix of every name. Default: empty. */
  readonly prefix?: string
  /** Exposes three gauges that prom-client names `nodejs_active_…_total`, although OpenMetrics reserves `_total` for counters. Default false. */
  readonly promClientNames?: boolean
  /** Time between two measurements of the event loop, in milliseconds, 1 to 1 000. Shorter times use more CPU. Default 20. */
  readonly eventLoopResolutionMs?: number
  /** Length of a window of event-loop delays, in milliseconds, 1 … 2^31 - 1. Exposed are one to two windows. Default 10 000. */
  readonly eventLoopWindowMs?: number
  /** Upper bounds of the buckets of garbage collections, in seconds, positive and increasing. Default `[0.001, 0.01, 0.1, 1, 2, 5]`. */
  readonly gcDurationBuckets?: readonly number[]
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
  /** Reads files of `/proc` and `/sys`. Default: those of the system. */
  readonly files?: SystemFiles
}

const OPTIONS: OptionNames<RuntimeMetricsOptions> = optionNames(
  'only except prefix promClientNames eventLoopResolutionMs eventLoopWindowMs gcDurationBuckets clock files',
)

const FAILURES = internalCounter(
  'tallyscope_runtime_failures_total',
  'Readings of runtime metrics that failed, by what was read.',
  'collector',
)

/**
 * Metrics of the process and of Node.js with the names of prom-client's default metrics, so that existing dashboards keep working.
 * Created by {@link runtimeMetrics}.
 */
export class RuntimeMetrics implements MetricProducer {
  readonly name = 'RuntimeMetrics'
  readonly #collectors: readonly Collector[]
  readonly #descriptors: ReadonlyMap<string, MetricDescriptor>
  readonly #clock: Clock
  readonly #startTimeUnixMs: number
  #stopped = false

  /** Starts to observe the event loop and the garbage collector, if their metrics are enabled. */
  constructor(options: RuntimeMetricsOptions = {}) {
    checkOptions('runtimeMetrics', options, OPTIONS)
    checkBooleans('ERR_RUNTIME_OPTION', { promClientNames: options.promClientNames })
    checkClock('runtimeMetrics', options.clock)

    const { clock = systemClock, files = systemFiles, gcDurationBuckets = [0.001, 0.01, 0.1, 1, 2, 5] } = options
    const times = { min: 1, max: MAX_TIMER_MS, integer: true }
    this.#clock = clock
    this.#startTimeUnixMs = clock.unixMs() - process.uptime() * 1e3
    const all: readonly Collector[] = [
      new ProcessCollector(files, this.#startTimeUnixMs),
      new EventLoopCollector({
        clock,
        resolutionMs: checkNumber('ERR_RUNTIME_OPTION', 'eventLoopResolutionMs', options.eventLoopResolutionMs ?? 20, {
          ...times,
          max: 1_000,
        }),
        windowMs: checkNumber('ERR_RUNTIME_OPTION', 'eventLoopWindowMs', options.eventLoopWindowMs ?? 10_000, times),
      }),
      new ActivityCollector(),
      new HeapCollector(),
      new GcCollector(checkBounds(gcDurationBuckets)),
      new CgroupCollector(files),
    ]
    this.#descriptors = selectDescriptors(all, options)
    this.#collectors = all.filter(({ descriptors }) => descriptors.some(({ name }) => this.#descriptors.has(name)))
    for (const collector of this.#collectors) countFailure(collector, () => collector.start?.())
  }

  /** Snapshots of the metrics that this system has; none after `stop()`. */
  getMetrics(): readonly Metric[] {
    if (this.#stopped) return []
    const timeUnixMs = this.#clock.unixMs()
    const series = new Map<string, TimeSeries[]>()
    const add: AddValue = (name, value, labelValues = []) => {
      const type = this.#descriptors.get(name)?.type
      if (type === undefined) return
      const start = type.startsWith('CUMULATIVE') && { startTimeUnixMs: this.#startTimeUnixMs }
      getOrInsert(series, name, () => []).push({ labelValues, ...start, points: [{ timeUnixMs, value }] })
    }
    for (const collector of this.#collectors) countFailure(collector, () => collector.collect(add))
    return [...this.#descriptors].flatMap(([name, descriptor]) => {
      const timeSeries = series.get(name)
      return timeSeries === undefined ? [] : [{ descriptor, timeSeries }]
    })
  }

  /** Stops all timers and observers. No metrics are exposed afterwards. Later calls have no effect. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const collector of this.#collectors) collector.stop?.()
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/**
 * Metrics of the process and of Node.js: CPU, memory, file descriptors, event loop, garbage collections, heap, active resources, and
 * the limits of a container (cgroup version 2).
 *
 * Its timer does not keep the process alive; `stop()` ends it.
 *
 * @throws {@link DefinitionError} `ERR_RUNTIME_METRIC` for the name of an unknown metric, `ERR_RUNTIME_OPTION` for an option out of
 *   range.
 * @example
 * const runtime = runtimeMetrics({ except: ['nodejs_gc_duration_seconds'] })
 * await serveMetrics({ producers: [stats, runtime] })
 */
export function runtimeMetrics(options: RuntimeMetricsOptions = {}): RuntimeMetrics {
  return new RuntimeMetrics(options)
}

/** Other runtimes and sandboxes lack parts of Node. Only the metrics that need them are left out. */
function countFailure({ name }: Collector, act: () => void): void {
  try {
    act()
  } catch {
    internalCount(FAILURES, name).value++
  }
}

function selectDescriptors(collectors: readonly Collector[], options: RuntimeMetricsOptions): ReadonlyMap<string, MetricDescriptor> {
  const { only, except = [], prefix = '', promClientNames = false } = options
  const known = collectors.flatMap(({ descriptors }) => descriptors)
  for (const name of [...(only ?? []), ...except]) {
    if (known.some((descriptor) => descriptor.name === name)) continue
    const names = known.map((descriptor) => descriptor.name)
    const near = nearest(String(name), names)
    const hint = near === undefined ? `the names are ${names.join(', ')}` : `perhaps ${near}`
    throw new DefinitionError('ERR_RUNTIME_METRIC', `there is no runtime metric ${inspectValue(name)} (${hint})`)
  }
  if (typeof prefix !== 'string' || !/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    throw new DefinitionError('ERR_RUNTIME_OPTION', `a prefix must begin a Prometheus name: ${inspectValue(prefix)} does not`)
  }
  const chosen = known.filter(({ name }) => (only ?? [name]).includes(name) && !except.includes(name))
  return new Map(
    chosen
      .filter(({ name }) => promClientNames || only !== undefined || !MISNAMED.includes(name))
      .map((descriptor) => [descriptor.name, Object.freeze({ ...descriptor, name: prefix + descriptor.name })]),
  )
}

function checkBounds(bounds: readonly number[]): readonly number[] {
  if (!Array.isArray(bounds))
    throw new DefinitionError('ERR_RUNTIME_OPTION', `gcDurationBuckets must be an array: it is ${inspectValue(bounds)}`)
  const wrong = bounds.findIndex((bound, at) => !Number.isFinite(bound) || bound <= (bounds[at - 1] ?? 0))
  if (wrong < 0) return Object.freeze([...bounds])
  throw new DefinitionError(
    'ERR_RUNTIME_OPTION',
    `gcDurationBuckets must be positive and increase: bound ${wrong} is ${String(bounds[wrong])}`,
  )
}
