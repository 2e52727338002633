import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, merged, type AddValue } from './collector.js'
import { joinLag, lagPercentile, type LagMonitor, type LagWindow, readLag } from './lag-window.js'

interface EventLoopOptions {
  readonly clock: Clock
  readonly resolutionMs: number
  readonly windowMs: number
  /** Default: `monitorEventLoopDelay` of Node. */
  readonly monitor?: LagMonitor
}

/**
 * Delay and utilization of the event loop.
 *
 * A timer starts a new window, not a scrape, so that several scrapers see all delays. Exposed are the open window and the one before
 * it: with the default, the last 10 to 20 seconds.
 */
export class EventLoopCollector implements Collector {
  readonly name = 'event loop'
  /** Merged by `max` for groups of processes, because a mean of percentiles has no meaning. */
  readonly descriptors: readonly MetricDescriptor[] = [
    exact('nodejs_eventloop_lag_seconds', 'Lag of event loop in seconds.', 's'),
    exact('nodejs_eventloop_lag_min_seconds', 'The minimum recorded event loop delay.', 's'),
    exact('nodejs_eventloop_lag_max_seconds', 'The maximum recorded event loop delay.', 's'),
    exact('nodejs_eventloop_lag_mean_seconds', 'The mean of the recorded event loop delays.', 's'),
    exact('nodejs_eventloop_lag_stddev_seconds', 'The standard deviation of the recorded event loop delays.', 's'),
    exact('nodejs_eventloop_lag_p50_seconds', 'The 50th percentile of the recorded event loop delays.', 's'),
    exact('nodejs_eventloop_lag_p90_seconds', 'The 90th percentile of the recorded event loop delays.', 's'),
    exact('nodejs_eventloop_lag_p99_seconds', 'The 99th percentile of the recorded event loop delays.', 's'),
    exact('nodejs_eventloop_utilization_ratio', 'Share of time that the event loop was busy, 0 to 1.', '1'),
  ].map((descriptor) => merged(descriptor.name === 'nodejs_eventloop_lag_min_seconds' ? 'min' : 'max', descriptor))
  readonly #options: EventLoopOptions
  #monitor: LagMonitor | undefined
  #closed: LagWindow | undefined
  #utilizationBefore: EventLoopUtilization | undefined
  #utilizationAtStart: EventLoopUtilization | undefined
  #stopTimer: () => void = () => {}

  constructor(options: EventLoopOptions) {
    this.#options = options
  }

  start(): void {
    this.#monitor = this.#options.monitor ?? monitorEventLoopDelay({ resolution: this.#options.resolutionMs })
    this.#monitor.enable()
    this.#utilizationBefore = performance.eventLoopUtilization()
    this.#utilizationAtStart = this.#utilizationBefore
    this.#startWindowTimer()
  }

  stop(): void {
    this.#stopTimer()
    this.#monitor?.disable()
    this.#monitor = undefined
    this.#closed = undefined
  }

  #startWindowTimer(): void {
    this.#stopTimer = startTimer(this.#options.clock, this.#options.windowMs, () => {
      this.#closeWindow()
      this.#startWindowTimer()
    })
  }

  #closeWindow(): void {
    const monitor = this.#monitor!
    this.#closed = readLag(monitor, this.#options.resolutionMs)
    monitor.reset()
    this.#utilizationBefore = this.#utilizationAtStart
    this.#utilizationAtStart = performance.eventLoopUtilization()
  }

  collect(add: AddValue): void {
    if (this.#monitor === undefined) return
    add('nodejs_eventloop_utilization_ratio', performance.eventLoopUtilization(this.#utilizationBefore).utilization)
    const open = readLag(this.#monitor, this.#options.resolutionMs)
    const lag = this.#closed !== undefined && open !== undefined ? joinLag(this.#closed, open) : (open ?? this.#closed)
    if (lag === undefined) return
    add('nodejs_eventloop_lag_seconds', lag.mean)
    add('nodejs_eventloop_lag_min_seconds', lag.min)
    add('nodejs_eventloop_lag_max_seconds', lag.max)
    add('nodejs_eventloop_lag_mean_seconds', lag.mean)
    add('nodejs_eventloop_lag_stddev_seconds', lag.stddev)
    for (const percentage of [50, 90, 99]) add(`nodejs_eventloop_lag_p${percentage}_seconds`, lagPercentile(lag, percentage))
  }
}
