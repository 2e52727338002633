import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Metric } from '../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { count, distribution, exponential, lastValue, percentiles, sum } from '../../src/stats/views/aggregation.js'
import { currentTags, withTags } from '../../src/stats/tags/current-tags.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { TagMap, type Tags } from '../../src/stats/tags/tag-map.js'
import { engine } from '../stats/engine.js'
import { counted, garbage } from '../stats/recording/garbage.js'
import { amount, figure, seed } from './amount.js'
import { readBack } from './formats.js'

const CALLS = amount(50_000, 1_000_000)
const prefix = `fuzz${seed()}`

describe('calls with invalid arguments, by every way to record', () => {
  const { stats, clock } = engine({ limits: { rowsPerView: 60, totalRows: 1_000 } })
  const registry = new MetricRegistry({ clock, limits: { rowsPerView: 40 } })
  const counting = { count: count(), distribution: distribution([-1, 0, 1, 100]), exponential: exponential(), percentiles: percentiles() }
  const measures = Object.entries(counting).map(([kind, aggregation], at) => {
    const measure = stats.measure(`${prefix}/${kind}`, { unit: 's', signed: at % 2 === 1, type: at === 0 ? 'int64' : 'double' })
    stats.viewManager.registerView({ name: measure.name, measure, aggregation, tagKeys: at < 2 ? ['a', 'b'] : ['a'] })
    return measure as Measure
  })
  const churned = stats.measure(`${prefix}/churned`) as Measure
  const hits = registry.cumulative(`${prefix}/hits`, { labelKeys: ['a', 'b'] })
  const level = registry.gauge(`${prefix}/level`, { labelKeys: ['a'] })
  const info = registry.info(`${prefix}/build`, { labelKeys: ['a'] })
  const state = registry.stateSet(`${prefix}/mode`, { states: ['on', 'off'], labelKeys: ['b'] })
  const calls = new Map<Measure, number>(measures.map((measure) => [measure, 0]))
  let hitCalls = 0
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => void rejections.push(reason)
  beforeAll(() => void process.on('unhandledRejection', onRejection))
  afterAll(() => {
    process.off('unhandledRejection', onRejection)
    stats.shutdown()
  })

  /** Changes to views and instruments while values come in. */
  function churn(random: () => number): void {
    const { viewManager } = stats
    const name = `${prefix}/churned${Math.floor(random() * 5)}`
    const keys = [['a'], ['a', 'b'], []][Math.floor(random() * 3)]!
    const kinds = [count(), sum(), lastValue(), distribution([1, 5])]
    const way = random()
    if (way < 0.3) viewManager.unregisterView(name)
    else if (way < 0.5) viewManager.removeRows(name, { a: `v${Math.floor(random() * 40)}` })
    else if (viewManager.getView(name) === undefined) {
      viewManager.registerView({ name, measure: churned, tagKeys: keys, aggregation: kinds[Math.floor(random() * 4)]! })
    }
    if (way > 0.9) {
      const gauge = registry.gauge(`${prefix}/coming`, { labelKeys: ['a'] })
      gauge.set(1, { a: 'x' })
      registry.unregister(`${prefix}/coming`)
      gauge.set(2, { a: 'x' })
    }
  }

  async function isReadable(): Promise<void> {
    const read = await readBack(stats, registry)
    expect(read.text.length).toBeGreaterThan(100)
    expect(read.protobuf.length).toBeGreaterThan(10)
  }

  test('neither throw nor reject, and leave documents that strict parsers accept', { timeout: 120_000 }, async () => {
    console.log(`seed ${seed()}`)
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { random, pick, value, tags, attachments, tagMap } = garbage(seed())
    const bound = measures.map((measure) => Array.from({ length: 10 }, () => stats.bind(measure, tags() as Tags)))
    const series = Array.from({ length: 10 }, () => level.timeSeries({ a: pick(['x', '\ud800', 7, undefined, Number.NaN]) }))
    for (let n = 0; n < CALLS; n++) {
      const measure = random() < 0.1 ? churned : pick(measures)
      const at = measures.indexOf(measure)
      const way = Math.floor(random() * 20)
      if (way < 13) calls.set(measure, (calls.get(measure) ?? 0) + 1)
      if (way < 5) stats.record(measure, value() as number, tags() as Tags, attachments() as undefined)
      else if (way < 7) stats.record(measure, value() as number, tagMap(), attachments() as undefined)
      else if (way < 9 && at >= 0) pick(bound[at]!).record(value() as number, attachments() as undefined)
      else if (way < 10) stats.bind(measure, tags() as Tags).record(value() as number)
      else if (way < 11) withTags(TagMap.of(tags() as Tags), () => stats.record(measure, value() as number))
      else if (way < 12) withTags(currentTags().with(tags() as Tags), () => stats.record(measure, value() as number))
      else if (way < 13)
        stats.statsRecorder
          .newMeasurementMap()
          .put(measure, value() as number)
          .record(tags() as Tags) // prettier-ignore
      else if (way < 14) stats.record(tags() as Measure, value() as number, tags() as Tags)
      else if (way < 16) {
        hitCalls++
        hits.add(1, tags() as { a: string; b: string })
      } else if (way < 17) level.set(value() as number, tags() as { a: string })
      else if (way < 18) level.add(value() as number, tags() as { a: string })
      else if (way < 19) pick(series).set(value() as number)
      else {
        info.set(tags() as { a: string })
        state.set(pick(['on', 'off', value()]) as 'on', tags() as { b: string })
        TagMap.of(tags() as Tags).with(tags() as Tags)
      }
      if (way >= 7 && way < 9 && at < 0) stats.record(churned, value() as number, tags() as Tags)
      if (n % 500 === 0) churn(random)
      if (n % Math.ceil(CALLS / 10) === 0 && n > 0) await isReadable()
    }
    await isReadable()
    await setImmediate()
    expect(rejections).toEqual([])
    vi.restoreAllMocks()
  })

  test('are each recorded or counted as dropped', () => {
    for (const measure of measures) {
      const rows = stats.viewManager.getView(measure.name)!.rows
      const taken = rows.reduce((all, { data }) => all + (data.kind === 'count' ? data.value : 'count' in data ? data.count : 0), 0)
      const dropped = counted('tallyscope_dropped_measurements_total', measure.name)
      expect({ name: measure.name, all: taken + dropped }).toEqual({ name: measure.name, all: calls.get(measure) })
      expect(Math.min(taken, dropped)).toBeGreaterThan(CALLS / 100)
      expect(dropped).toBe(counted('tallyscope_dropped_values_total', measure.name))
    }
  })

  test('of an instrument are each recorded or counted as dropped', () => {
    const [metric] = (registry.getMetrics() as readonly Metric[]).filter(({ descriptor }) => descriptor.name === `${prefix}/hits`)
    const taken = metric!.timeSeries.reduce((all, { points }) => all + (points[0]!.value as number), 0)
    const dropped = counted('tallyscope_dropped_instrument_values_total', `${prefix}/hits`)
    expect(taken + dropped).toBe(hitCalls)
    expect(Math.min(taken, dropped)).toBeGreaterThan(CALLS / 200)
    figure('record API under fuzz', `${CALLS.toLocaleString('en')} calls: 0 throws, 0 rejections, every call taken or counted`)
  })

  test('leave Object.prototype as it was', () => {
    expect([Object.keys(Object.prototype), ({} as { polluted?: unknown }).polluted, ([] as { polluted?: unknown }).polluted]).toEqual([
      [],
      undefined,
      undefined,
    ])
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12)
  })
})
