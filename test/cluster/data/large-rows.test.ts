import { expect, test } from 'vitest'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import { DEFAULT_DATA_LIMITS } from '../../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { Stats } from '../../../src/stats/stats.js'
import { distribution } from '../../../src/stats/views/aggregation.js'

const FRAME_BYTES = 1_000

/** A member whose frames are small, and what the group has of it. */
function member(producer: MetricProducer) {
  const dropped: string[] = []
  const reader = new ChangedRows([producer], { frameBytes: FRAME_BYTES, onDropped: (what) => dropped.push(what) })
  const group = new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS })
  const contributor = group.contributor('member', 0)
  const send = (): void => {
    for (const frame of reader.framesNow()) {
      expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES)
      contributor.apply(frame)
    }
  }
  const values = (): Record<string, unknown> =>
    Object.fromEntries(
      group
        .getMetrics()
        .flatMap(({ timeSeries }) => timeSeries.map(({ labelValues, points }) => [labelValues.join(), points[0]!.value] as const)),
    )
  return { dropped, send, values }
}

test('a row that needs more than a frame is dropped and counted once, and those beside it arrive with their own labels', () => {
  const registry = new MetricRegistry({ limits: { tagValueLength: 2_000 } })
  const jobs = registry.counter('jobs', { labelKeys: ['id', 'kind'] })
  const { dropped, send, values } = member(registry)
  for (const id of ['a', 'x'.repeat(1_200), 'b']) jobs.inc(1, { id, kind: `kind of ${id.length}` })
  send()
  expect(values()).toEqual({ 'a,kind of 1': 1, 'b,kind of 1': 1 })
  expect(dropped).toEqual(['row'])
  for (const id of ['a', 'x'.repeat(1_200), 'b', 'c']) jobs.inc(1, { id, kind: `kind of ${id.length}` })
  jobs.inc(1, { id: 'd', kind: 'kind of 1200' }) // a string that only the dropped row had
  send()
  expect(values()).toEqual({ 'a,kind of 1': 2, 'b,kind of 1': 2, 'c,kind of 1': 1, 'd,kind of 1200': 1 })
  expect(dropped).toEqual(['row'])
})

test('a row that does not fit beside others is sent in its own frame', () => {
  const registry = new MetricRegistry({ limits: { tagValueLength: 2_000 } })
  const jobs = registry.counter('jobs', { labelKeys: ['id'] })
  const { dropped, send, values } = member(registry)
  const ids = ['a', 'x'.repeat(900), 'b', 'y'.repeat(900), 'z'.repeat(900)]
  for (const id of ids) jobs.inc(1, { id })
  send()
  expect(values()).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
  expect(dropped).toEqual([])
})

test('a row in the cell of one that was dropped is sent', () => {
  const registry = new MetricRegistry({ limits: { tagValueLength: 2_000 } })
  const jobs = registry.counter('jobs', { labelKeys: ['id'] })
  const { send, values } = member(registry)
  jobs.inc(1, { id: 'x'.repeat(1_200) })
  send()
  jobs.remove({ id: 'x'.repeat(1_200) })
  jobs.inc(1, { id: 'a' })
  send()
  expect(values()).toEqual({ a: 1 })
})

test('an exemplar that needs more than a frame is dropped, and its row is sent', () => {
  const stats = new Stats({ clock: new ManualClock() })
  const time = stats.measure('time', { view: distribution([1, 2]) })
  const { dropped, send, values } = member(stats)
  stats.record(time, 0.5, {}, Object.fromEntries(Array.from('abcdef', (key) => [key, key.repeat(200)])))
  stats.record(time, 1.5, {}, { trace_id: 'b'.repeat(32) })
  send()
  send()
  expect(values()['']).toMatchObject({ count: 2, exemplars: [undefined, { attachments: { trace_id: 'b'.repeat(32) } }, undefined] })
  expect(dropped).toEqual(['exemplar'])
})

test('a family whose definition needs more than a frame is left out, and the others are sent', () => {
  const registry = new MetricRegistry()
  registry.counter('large', { description: 'x'.repeat(1_200) }).inc(1)
  registry.counter('small').inc(2)
  const { dropped, send, values } = member(registry)
  send()
  send()
  expect(values()).toEqual({ '': 2 })
  expect(dropped).toEqual(['family'])
})
