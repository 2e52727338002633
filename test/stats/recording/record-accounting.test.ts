import { fc } from '../../fast-check.js'
import { describe, expect, test } from 'vitest'
import { count, distribution, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import type { Tags } from '../../../src/stats/tags/tag-map.js'
import type { DistributionValue } from '../../../src/metrics/data/metric.js'
import { randomNumbers } from '../../exporters/random.js'
import { amount } from '../../faults/amount.js'
import { engine } from '../engine.js'
import { counted, garbage, revoked } from './garbage.js'

const CALLS = amount(200_000, 1_000_000)

describe('calls with invalid arguments', () => {
  const { stats } = engine({ limits: { rowsPerView: 60, totalRows: 400 } })
  const measures = [
    stats.measure('garbage/double'),
    stats.measure('garbage/int64', { type: 'int64' }),
    stats.measure('garbage/signed', { signed: true }),
  ] as Measure[]
  const kinds = { count: count(), sum: sum(), last: lastValue(), distribution: distribution([-1, 0, 1, 100]) }
  const keySets = [['a'], ['a', 'b'], []]
  const views: { name: string; measure: Measure; kind: string }[] = []
  for (const [at, measure] of measures.entries())
    for (const [kind, aggregation] of Object.entries(kinds)) {
      const name = `${measure.name}/${kind}`
      const tagKeys = kind === 'sum' ? keySets[(at + 1) % 3]! : keySets[at]! // sums in a group of their own
      stats.viewManager.registerView({ name, measure, aggregation, tagKeys })
      views.push({ name, measure, kind })
    } // prettier-ignore
  const alone = stats.measure('garbage/alone') as Measure
  stats.viewManager.registerView({ name: 'garbage/alone', measure: alone, tagKeys: ['a', 'b'], aggregation: distribution([1]) })
  measures.push(alone)
  views.push({ name: 'garbage/alone', measure: alone, kind: 'distribution' })
  const unwatched = stats.measure('garbage/unwatched') as Measure
  const calls = new Map<Measure, number>([...measures, unwatched].map((measure) => [measure, 0]))

  test('throw nothing', () => {
    const { random, pick, value, tags, attachments, tagMap } = garbage(7)
    const bound = measures.map((measure) => Array.from({ length: 10 }, () => stats.bind(measure, tagMap() as unknown as Tags)))
    for (let n = 0; n < CALLS; n++) {
      const measure = random() < 0.05 ? unwatched : pick(measures)
      calls.set(measure, calls.get(measure)! + 1)
      const way = random()
      if (way < 0.15 && measure !== unwatched) pick(bound[measures.indexOf(measure)]!).record(value() as number, attachments() as undefined)
      else if (way < 0.2)
        stats.statsRecorder
          .newMeasurementMap()
          .put(measure, value() as number)
          .record(tags() as Tags) // prettier-ignore
      else stats.record(measure, value() as number, tags() as Tags, attachments() as undefined)
    }
  })

  const taken = (name: string) =>
    stats.viewManager
      .getView(name)!
      .rows.reduce((all, { data }) => all + (data.kind === 'distribution' ? data.count : (data as { value: number }).value), 0)

  test.each(views.filter(({ kind }) => kind === 'count' || kind === 'distribution'))(
    'are each accepted or counted as dropped by $name',
    ({ name, measure }) => {
      expect(taken(name) + counted('tallyscope_dropped_values_total', name)).toBe(calls.get(measure))
      expect(taken(name)).toBeGreaterThan(CALLS / 100)
    },
  )

  test.each(measures)('are counted as dropped by $name if no view accepted them', (measure) => {
    const dropped = counted('tallyscope_dropped_measurements_total', measure.name)
    const byView = views.filter((view) => view.measure === measure).map(({ name }) => counted('tallyscope_dropped_values_total', name))
    expect(dropped).toBeGreaterThan(CALLS / 1_000)
    expect(dropped).toBeLessThanOrEqual(Math.min(...byView))
  })

  test('are either accepted or dropped by a single view', () => {
    expect(taken('garbage/alone') + counted('tallyscope_dropped_measurements_total', 'garbage/alone')).toBe(calls.get(alone))
  })

  test('are not counted for a measure without a view', () => {
    expect([calls.get(unwatched)! > CALLS / 100, counted('tallyscope_dropped_measurements_total', unwatched.name)]).toEqual([true, 0])
  })

  test('leave buckets that add up to the count, finite sums, and rows within their limits', () => {
    for (const { name, kind } of views) {
      const { rows } = stats.viewManager.getView(name)!
      expect(rows.length).toBeLessThanOrEqual(61)
      expect(new Set(rows.map(({ tagValues, overflow }) => JSON.stringify([tagValues, overflow]))).size).toBe(rows.length)
      if (kind !== 'last')
        expect(rows.every(({ data }) => Number.isFinite(data.kind === 'distribution' ? data.sum : (data as { value: number }).value))).toBe(
          true,
        )
      if (kind !== 'distribution') continue
      for (const { bucketCounts, count: total } of rows.map(({ data }) => data as DistributionValue)) {
        expect(bucketCounts.reduce((all, one) => all + one, 0)).toBe(total)
      }
    }
  })

  test('leave Object.prototype as it was', () => {
    expect([Object.keys(Object.prototype), ({} as { polluted?: unknown }).polluted]).toEqual([[], undefined])
  })
})

describe('a call is either accepted or dropped for one reason', () => {
  const value = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom<unknown>('5', null, undefined, true, {}, 7n, -7n, 2n ** 70n, Number.MAX_VALUE, -Number.MAX_VALUE),
  )
  const tags = fc.oneof(
    fc.record({ a: fc.constantFrom<unknown>('x', 'y', 1, {}, Symbol('s'), undefined) }),
    fc.constantFrom<unknown>('no', 5, undefined, null, 'revoked'),
  )
  let runs = 0

  test.each(['count', 'sum', 'lastValue', 'distribution'])('%s', (kind) => {
    const aggregation = { count: count(), sum: sum(), lastValue: lastValue(), distribution: distribution([0, 1]) }[kind]!
    fc.assert(
      fc.property(fc.array(fc.tuple(value, tags), { maxLength: 40 }), fc.boolean(), fc.boolean(), (calls, signed, isWhole) => {
        const { stats } = engine()
        const name = `alone/${kind}/${runs++ % 50}/${signed}/${isWhole}`
        const measure = stats.measure(name, { signed, type: isWhole ? 'int64' : 'double' }) as Measure
        stats.viewManager.registerView({ name, measure, aggregation, tagKeys: ['a'] })
        stats.viewManager.registerView({ name: `${name}/beside`, measure, aggregation: count(), tagKeys: [] })
        const before = [
          counted('tallyscope_dropped_measurements_total', name),
          counted('tallyscope_dropped_values_total', name),
          counted('tallyscope_dropped_values_total', `${name}/beside`),
        ]
        for (const [given, withTags] of calls) stats.record(measure, given as number, (withTags === 'revoked' ? revoked : withTags) as Tags)
        const after = [
          counted('tallyscope_dropped_measurements_total', name),
          counted('tallyscope_dropped_values_total', name),
          counted('tallyscope_dropped_values_total', `${name}/beside`),
        ]
        const [dropped, byView, byOther] = after.map((now, at) => now - before[at]!) as [number, number, number]
        const rows = stats.viewManager.getView(name)!.rows.map(({ data }) => data)
        const beside = stats.viewManager.getView(`${name}/beside`)!.rows.map(({ data }) => (data as { value: number }).value)
        expect((beside[0] ?? 0) + byOther).toBe(calls.length)
        if (kind === 'lastValue') expect(dropped).toBeLessThanOrEqual(Math.min(byView, byOther))
        else expect(dropped).toBe(byOther) // which takes all that the other takes
        if (kind === 'count') expect(rows.reduce((all, data) => all + (data as { value: number }).value, 0) + byView).toBe(calls.length)
        if (kind === 'distribution')
          expect(rows.reduce((all, data) => all + (data as DistributionValue).count, 0) + byView).toBe(calls.length)
      }),
      { seed: 8, numRuns: 60 },
    )
  })
})

test('counts, sums and buckets do not depend on the order of records', () => {
  const call = fc.record({
    value: fc.integer({ min: 0, max: 5_000 }),
    a: fc.constantFrom('x', 'y', 'z', ''),
    b: fc.integer({ min: 0, max: 5 }),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 80 }), fc.nat(), (calls, seed) => {
      const outcome = (order: typeof calls) => {
        const { stats } = engine()
        const measure = stats.measure('m')
        for (const [name, aggregation] of Object.entries({ c: count(), s: sum(), d: distribution([1, 10, 100]) })) {
          stats.viewManager.registerView({ name, measure, aggregation, tagKeys: ['a', 'b'] })
        }
        for (const { value, a, b } of order) stats.record(measure, value, { a, b })
        const rows = stats.viewManager.getAllViewData().map(({ rows: all }) =>
          all.map(({ tagValues, data }) => {
            const { sumOfSquaredDeviation, ...exact } = data as unknown as Record<string, unknown>
            expect(sumOfSquaredDeviation === undefined || (sumOfSquaredDeviation as number) >= 0).toBe(true)
            return JSON.stringify([tagValues, exact])
          }),
        )
        return rows.map((all) => all.sort())
      }
      const random = randomNumbers(seed)
      const shuffled = calls
        .map((one) => [random(), one] as const)
        .sort(([one], [other]) => one - other)
        .map(([, one]) => one) // prettier-ignore
      expect(outcome(shuffled)).toEqual(outcome(calls))
    }),
    { seed: 9, numRuns: 60 },
  )
})
