import { expect, test } from 'vitest'
import { selfCount, selfFamily } from '../../../src/base/internal-metrics.js'
import { selfMetrics } from '../../../src/metrics/collection/internal-metrics-producer.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const drops = selfFamily({
  name: 'tallyscope_test_drops_total',
  description: 'What is lost.',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})
const depth = selfFamily({ name: 'tallyscope_test_depth', description: 'How deep.', type: 'gauge', unit: 's', labelKeys: [] })
selfFamily({ name: 'tallyscope_test_unused_total', description: 'Nothing yet.', type: 'counter', unit: '1', labelKeys: [] })

test('counters and gauges of the library come as metrics under their exact names', async () => {
  selfCount(drops, 'full').value += 2
  selfCount(drops, 'late').value += 1
  selfCount(depth).value = 1.5
  const clock = new ManualClock({ unixMs: Date.UTC(2100, 0, 1) })
  const all = await selfMetrics({ clock }).getMetrics()
  const metrics = all.filter(({ descriptor }) => descriptor.name.startsWith('tallyscope_test_'))
  const timeUnixMs = clock.unixMs()
  const startTimeUnixMs = metrics[1]!.timeSeries[0]!.startTimeUnixMs!
  expect(metrics).toEqual([
    {
      descriptor: {
        name: 'tallyscope_test_depth',
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

test('they count since the process began, and never since later than now', async () => {
  const clock = new ManualClock({ unixMs: 5 })
  const metrics = await selfMetrics({ clock }).getMetrics()
  const starts = metrics.flatMap(({ timeSeries }) => timeSeries.flatMap(({ startTimeUnixMs }) => startTimeUnixMs ?? []))
  expect(new Set(starts)).toEqual(new Set([5]))
})

test('the producer has a name, and is never part of what others give', () => {
  expect(selfMetrics().name).toBe('selfMetrics')
})
