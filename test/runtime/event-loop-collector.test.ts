import { expect, test } from 'vitest'
import { EventLoopCollector } from '../../src/runtime/event-loop-collector.js'
import { joinLag, lagPercentile, type LagMonitor, readLag } from '../../src/runtime/lag-window.js'

/** A monitor of given ticks, in milliseconds from one to the next. */
class TicksMonitor implements LagMonitor {
  ticks: number[] = []
  enabled = false
  get count() {
    return this.ticks.length
  }
  get min() {
    return Math.min(...this.ticks) * 1e6
  }
  get max() {
    return Math.max(...this.ticks) * 1e6
  }
  get mean() {
    return (this.ticks.reduce((sum, tick) => sum + tick, 0) / this.ticks.length) * 1e6
  }
  get stddev() {
    const mean = this.mean / 1e6
    return Math.sqrt(this.ticks.reduce((sum, tick) => sum + (tick - mean) ** 2, 0) / this.ticks.length) * 1e6
  }
  percentile(percentage: number) {
    const sorted = [...this.ticks].sort((a, b) => a - b)
    return sorted[Math.max(0, Math.ceil((percentage / 100) * sorted.length) - 1)]! * 1e6
  }
  reset() {
    this.ticks = []
  }
  enable() {
    return (this.enabled = true)
  }
  disable() {
    this.enabled = false
    return true
  }
}

function start() {
  const monitor = new TicksMonitor()
  let turn = () => {}
  let stopped = false
  const clock = {
    unixMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_delayMs: number, fn: () => void) => {
      turn = fn
      return () => {
        stopped = true
      }
    },
  }
  const collector = new EventLoopCollector({ clock, resolutionMs: 20, windowMs: 10_000, monitor })
  collector.start()
  const read = () => {
    const found: Record<string, number> = {}
    collector.collect((name, value) => {
      found[name.replace(/nodejs_eventloop_(.*)_seconds/, '$1')] = value as number
    })
    return found
  }
  return { monitor, collector, turn: () => turn(), read, stopped: () => stopped }
}

test('the resolution of an idle loop is not shown as delay', () => {
  const { monitor, read } = start()
  monitor.ticks = [20, 20.5, 19.2]
  expect(read()).toMatchObject({ lag_min: 0, lag_p50: 0, lag_max: expect.closeTo(0.0005, 9) })
})

test('a delay is shown for one to two windows, with any number of readers', () => {
  const { monitor, read, turn } = start()
  monitor.ticks = [20, 220]
  expect([read()['lag_max'], read()['lag_max']]).toEqual([0.2, 0.2])
  turn()
  expect(read()['lag_max']).toBe(0.2)
  monitor.ticks = [20, 20]
  expect(read()['lag_max']).toBe(0.2)
  turn()
  expect(read()['lag_max']).toBe(0)
})

test('no delay is shown before the first tick, and nothing after stop', () => {
  const { collector, monitor, read, stopped } = start()
  expect(Object.keys(read())).toEqual(['nodejs_eventloop_utilization_ratio'])
  collector.stop()
  expect([monitor.enabled, stopped()]).toEqual([false, true])
  expect(read()).toEqual({})
})

test('two windows together have the mean, deviation and extremes of all their ticks', () => {
  const [one, other, both] = [new TicksMonitor(), new TicksMonitor(), new TicksMonitor()]
  one.ticks = Array.from({ length: 300 }, (_, at) => 20 + at)
  other.ticks = Array.from({ length: 100 }, (_, at) => 220 + at)
  both.ticks = [...one.ticks, ...other.ticks]
  const joined = joinLag(readLag(one, 20)!, readLag(other, 20)!)
  const wanted = readLag(both, 20)!
  for (const key of ['count', 'min', 'max', 'mean', 'stddev'] as const) expect(joined[key], key).toBeCloseTo(wanted[key], 9)
  for (const percentage of [50, 90, 99]) {
    expect(Math.abs(lagPercentile(joined, percentage) - lagPercentile(wanted, percentage)), `p${percentage}`).toBeLessThan(0.03)
  }
})
