import { expect, test } from 'vitest'
import { idleCount, internalCount, internalCounter, internalGauge, markInUse } from '../../../src/base/internal-metrics.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { selfMetrics } from '../../../src/metrics/collection/internal-metrics-producer.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const drops = internalCounter('tallyscope_test_drops_total', 'What is lost.', 'reason')
const depth = internalGauge('tallyscope_test_depth_seconds', 'How deep.')
internalCounter('tallyscope_test_unused_total', 'Nothing yet.')

test('internal counters and gauges are metrics under their exact names', async () => {
  internalCount(drops, 'full').value += 2
  internalCount(drops, 'late').value += 1
  internalCount(depth).value = 1.5
  const clock = new ManualClock({ unixMs: Date.UTC(2100, 0, 1) })
  const all = await selfMetrics({ clock }).getMetrics()
  const metrics = all.filter(({ descriptor }) => descriptor.name.startsWith('tallyscope_test_'))
  const timeUnixMs = clock.unixMs()
  const startTimeUnixMs = metrics[1]!.timeSeries[0]!.startTimeUnixMs!
  expect(metrics).toEqual([
    {
      descriptor: {
        name: 'tallyscope_test_depth_seconds',
        description: 'How deep.',
        unit: 's',
        type: 'GAUGE_DOUBLE',
        labelKeys: [],
        exactName: true,
      },
      timeSeries: [{ labelValues: [], points: [{ timeUnixMs, value: 1.5 }] }],
    },
    {
      descriptor: {
        name: 'tallyscope_test_drops_total',
        description: 'What is lost.',
        unit: '1',
        type: 'CUMULATIVE_INT64',
        labelKeys: ['reason'],
        exactName: true,
      },
      timeSeries: [
        { labelValues: ['full'], startTimeUnixMs, points: [{ timeUnixMs, value: 2 }] },
        { labelValues: ['late'], startTimeUnixMs, points: [{ timeUnixMs, value: 1 }] },
      ],
    },
  ])
  expect(Math.abs(startTimeUnixMs - (Date.now() - performance.now()))).toBeLessThan(60_000)
})

test('the start time of internal metrics is that of the process, and never in the future', async () => {
  const clock = new ManualClock({ unixMs: 5 })
  const metrics = await selfMetrics({ clock }).getMetrics()
  const starts = metrics.flatMap(({ timeSeries }) => timeSeries.flatMap(({ startTimeUnixMs }) => startTimeUnixMs ?? []))
  expect(new Set(starts)).toEqual(new Set([5]))
})

test('the producer has a name, and is never part of other producers', () => {
  expect(selfMetrics().name).toBe('selfMetrics')
})

test('an unused part of the library shows no metrics until it has counted something', () => {
  const faults = internalCounter('tallyscope_test_idle_total', 'Faults.', 'reason')
  const fault = idleCount(faults, 'late')
  idleCount(faults, 'lost')
  const shown = (): unknown =>
    (selfMetrics().getMetrics() as Metric[])
      .find(({ descriptor }) => descriptor.name === 'tallyscope_test_idle_total')
      ?.timeSeries.map(({ points }) => points[0]!.value)
  expect(shown()).toBeUndefined()
  fault.value++
  expect(shown()).toEqual([1, 0])
  fault.value = 0
  expect(shown()).toBeUndefined()
  markInUse(faults)
  expect(shown()).toEqual([0, 0])
})
