/** The used part of Node's event-loop delay monitor. Values are nanoseconds between two of its ticks. */
export interface LagMonitor {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
  percentile(percentile: number): number
  reset(): void
  enable(): boolean
  disable(): boolean
}

/** The delays in one window of time: seconds by which the time between ticks exceeded the resolution. */
export interface LagWindow {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
  /** The percentiles at {@link STEPS}. Each represents the share of values since the previous step. */
  readonly steps: readonly number[]
}

/** The stored percentiles of a window. A monitor cannot be copied, and each query walks its buckets. */
const STEPS: readonly number[] = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.9, 100]

/**
 * Reads the delays of a monitor. It measures the time between ticks, which is the resolution if the loop is idle, so the delay is the
 * rest. Returns undefined before its first tick.
 */
export function readLag(monitor: LagMonitor, resolutionMs: number): LagWindow | undefined {
  if (monitor.count === 0) return undefined
  const delay = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3)
  return {
    count: monitor.count,
    min: delay(monitor.min),
    max: delay(monitor.max),
    mean: delay(monitor.mean),
    stddev: Number.isFinite(monitor.stddev) ? monitor.stddev / 1e9 : 0,
    steps: STEPS.map((percentage) => delay(monitor.percentile(percentage))),
  }
}

/** Merges two windows. */
export function joinLag(one: LagWindow, other: LagWindow): LagWindow {
  const count = one.count + other.count
  const mean = (one.mean * one.count + other.mean * other.count) / count
  const squares = (window: LagWindow): number => window.count * (window.stddev ** 2 + (window.mean - mean) ** 2)
  const masses = [...massesOf(one), ...massesOf(other)].sort((a, b) => a.value - b.value)
  let passed = 0
  let at = -1
  const steps = STEPS.map((percentage) => {
    const wanted = (percentage / 100) * count
    while (passed < wanted - 1e-6 && at < masses.length - 1) passed += masses[++at]!.count
    return masses[at]!.value
  })
  return {
    count,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
    mean,
    stddev: Math.sqrt((squares(one) + squares(other)) / count),
    steps,
  }
}

/** The delay at a percentile. @param percentage One of {@link STEPS}, else the next one is used. */
export function lagPercentile(window: LagWindow, percentage: number): number {
  return window.steps[STEPS.findIndex((step) => step >= percentage)]!
}

function massesOf({ count, steps }: LagWindow): { value: number; count: number }[] {
  return steps.map((value, at) => ({ value, count: ((STEPS[at]! - (STEPS[at - 1] ?? 0)) / 100) * count }))
}
