import { expect, test } from 'vitest'
import { gatherNow } from '../../src/metrics/collection/gather.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { count, distribution } from '../../src/stats/views/aggregation.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import { keptBytes, megabyte } from '../base/kept-bytes.js'
import { engine } from '../stats/engine.js'

function setUp() {
  const { stats } = engine()
  const measure = stats.measure('m')
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: distribution([]) })
  return { stats, measure }
}

test('a short part of a string of 1 MB does not retain the rest, by any way to record it', { timeout: 120_000 }, () => {
  const { stats, measure } = setUp()
  const registry = new MetricRegistry()
  const gauge = registry.gauge('g', { labelKeys: ['a'] })
  const part = (text: string) => text.slice(100, 120)
  expect(keptBytes(part), 'so much is held by parts as they are').toBeGreaterThan(15e6)
  const ways: Record<string, (text: string) => unknown> = {
    record: (text) => stats.record(measure, 1, { a: part(text) }),
    'tag map': (text) => TagMap.of({ a: part(text) }),
    'with()': (text) => TagMap.EMPTY.with({ a: part(text) }),
    bind: (text) => stats.bind(measure, { a: part(text) }),
    attachments: (text) => stats.record(measure, 1, { a: 'x' }, { trace_id: part(text) }),
    'a key of an attachment': (text) => stats.record(measure, 1, { a: 'y' }, { [part(text)]: 'x' }),
    gauge: (text) => gauge.set(1, { a: part(text) }),
    series: (text) => gauge.timeSeries({ a: part(text) }),
    'a whole text, cut': (text) => stats.record(measure, 1, { a: text }),
  }
  for (const [way, keep] of Object.entries(ways)) expect(keptBytes(keep), way).toBeLessThan(2e6)
})

test('a short part of a string of 1 MB in an internal counter does not retain the rest', { timeout: 120_000 }, () => {
  const { stats } = engine()
  const measure = stats.measure('declared', { tagKeys: ['a'], view: count() })
  const failing = (name: string) => ({
    name,
    getMetrics: () => {
      throw new Error('fails')
    },
  })
  let row = 0
  const ways: Record<string, (text: string) => unknown> = {
    'the name of a producer': (text) => gatherNow([failing(text.slice(100, 150))]),
    'the name of a producer, cut': (text) => gatherNow([failing(text)]),
    'an unknown tag, cut': (text) => stats.record(measure, 1, { a: String(row++), [text]: 'x' }),
  }
  for (const [way, keep] of Object.entries(ways)) expect(keptBytes(keep), way).toBeLessThan(2e6)
})

test('a string built with += is flattened when its row is made', { timeout: 120_000 }, () => {
  const { stats, measure } = setUp()
  /** 200 letters of pieces that are parts of a text of 1 MB. */
  const rope = (n: number): string => {
    const text = megabyte(n)
    let all = ''
    for (let at = 0; at < 10; at++) all += text.slice(at * 20 + n, at * 20 + n + 20)
    return all
  }
  expect(
    keptBytes((text) => text, rope),
    'so much is held by texts as they are',
  ).toBeGreaterThan(15e6)
  expect(keptBytes((text) => stats.record(measure, 1, { a: text }), rope)).toBeLessThan(2e6)
  expect(keptBytes((text) => TagMap.of({ a: text }), rope)).toBeLessThan(2e6)
})
