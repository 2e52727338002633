import { describe, expect, test, vi } from 'vitest'
import { type Aggregation, count, distribution, lastValue, type MeasureOptions, percentiles, Stats, sum, View } from '../../../src/index.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const setUp = () => {
  const stats = new Stats({ clock: new ManualClock() })
  const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['route'] })
  return { stats, latency }
}

describe('registerView returns a handle', () => {
  test('with the current rows, typed by the aggregation', () => {
    const { stats, latency } = setUp()
    const requests = stats.registerView({ name: 'requests', measure: latency, tagKeys: ['route'], aggregation: count() })
    const times = stats.registerView({ name: 'times', measure: latency, aggregation: distribution([1]) })
    const recent = stats.registerView({ name: 'recent', measure: latency, aggregation: percentiles({ quantiles: [1] }) })
    stats.record(latency, 0.5, { route: '/' })
    const value: number = requests.rows[0]!.data.value
    expect([value, times.rows[0]!.data.bucketCounts, recent.rows[0]!.data.quantiles[0]!.value]).toEqual([1, [1, 0], 0.5])
    expect(requests.rows[0]!.tagValues['route']).toBe('/')
  })

  test('with the properties of the definition', () => {
    const { stats, latency } = setUp()
    const view = stats.registerView({ name: 'v', measure: latency, tagKeys: ['route'], aggregation: sum(), rowLimit: 5, exactName: true })
    const { name, measure, aggregation, tagKeys, rowLimit, exactName, idleExpiryMs, tagValues, description } = view
    expect({ name, measure, aggregation, tagKeys, rowLimit, exactName, idleExpiryMs, tagValues, description }).toEqual({
      name: 'v',
      measure: latency,
      aggregation: { kind: 'sum' },
      tagKeys: ['route'],
      rowLimit: 5,
      exactName: true,
      idleExpiryMs: undefined,
      tagValues: undefined,
      description: '',
    })
    expect(view.descriptor).toBe(view.definition!.descriptor)
  })

  test('which is the same for an equal view, and for the handle itself', () => {
    const { stats, latency } = setUp()
    const options = { name: 'v', measure: latency, aggregation: sum() }
    const view = stats.registerView(options)
    expect([stats.registerView(options), stats.registerView(view), stats.viewManager.registerView(options)]).toEqual([view, view, view])
    expect(stats.registerView(options)).toBe(view)
  })

  test('without rows once the view is unregistered, also if another one has the name', () => {
    const { stats, latency } = setUp()
    const view = stats.registerView({ name: 'v', measure: latency, aggregation: sum() })
    stats.record(latency, 1)
    stats.viewManager.unregisterView('v')
    const next = stats.registerView({ name: 'v', measure: latency, aggregation: count() })
    stats.record(latency, 1)
    view.reset()
    expect([view.rows, next.rows.length]).toEqual([[], 1])
  })

  test('that resets its own rows and no others, overflow and declared ones included', () => {
    const { stats, latency } = setUp()
    const tagValues = { route: ['/'] }
    const views = [
      stats.registerView({ name: 'a', measure: latency, tagKeys: ['route'], aggregation: count(), rowLimit: 2 }),
      stats.registerView({ name: 'b', measure: latency, tagKeys: ['route'], aggregation: sum(), rowLimit: 2 }),
      stats.registerView({ name: 'c', measure: latency, tagKeys: ['route'], aggregation: count(), rowLimit: 2, tagValues }),
    ] as const
    for (const route of ['/', '/x', '/y']) stats.record(latency, 2, { route })
    views[0].reset()
    views[2].reset()
    const shown = () =>
      views.map(({ rows }) => rows.map(({ tagValues, overflow, data }) => [overflow ? '*' : tagValues['route'], data.value]))
    expect(shown()).toEqual([
      [],
      [
        ['/', 2],
        ['/x', 2],
        ['*', 2],
      ],
      [['/', 0]],
    ])
    stats.record(latency, 3, { route: '/' })
    expect(shown().map((rows) => rows[0])).toEqual([
      ['/', 1],
      ['/', 5],
      ['/', 1],
    ])
  })
})

describe('a view of a measure given by name', () => {
  test('is registered at once if the measure exists', () => {
    const { stats, latency } = setUp()
    const view = stats.registerView({ name: 'v', measure: 'shop/latency', tagKeys: ['route'], aggregation: count() })
    stats.record(latency, 1, { route: '/' })
    expect([view.measure, view.rows.length]).toEqual([latency, 1])
  })

  test('waits for a measure that is defined later', () => {
    const stats = new Stats()
    const view = stats.registerView({ name: 'v', measure: 'library/calls', tagKeys: ['op'], aggregation: count() })
    expect([view.rows, view.definition, stats.viewManager.getView('v')]).toEqual([[], undefined, undefined])
    expect([view.name, view.measure]).toEqual(['v', undefined])
    const calls = stats.measure('library/calls', { tagKeys: ['op'] })
    stats.record(calls, 1, { op: 'get' })
    expect(view.rows.map(({ data }) => data.value)).toEqual([1])
    expect([view.measure, view.tagKeys]).toEqual([calls, ['op']])
    expect(stats.registerView({ name: 'v', measure: calls, tagKeys: ['op'], aggregation: count() })).toBe(view)
  })

  test('is the same view if the definition of its measure registers an equal one', () => {
    const stats = new Stats({ limits: { definitions: 1 } })
    const view = stats.registerView({ name: 'calls', measure: 'calls', aggregation: count() })
    const calls = stats.measure('calls', { view: count() })
    stats.record(calls, 1)
    expect(view.rows.map(({ data }) => data.value)).toEqual([1])
    expect(stats.viewManager.views).toEqual([view.definition])
  })

  test('is the same view if it is registered again before, and another one is refused', () => {
    const stats = new Stats()
    const view = stats.registerView({ name: 'v', measure: 'm', aggregation: count() })
    expect(stats.registerView({ name: 'v', measure: 'm', aggregation: count() })).toBe(view)
    expect(stats.registerView(view)).toBe(view)
    for (const other of [
      { name: 'v', measure: 'm', aggregation: sum() },
      { name: 'v', measure: 'n', aggregation: count() },
      { name: 'v', measure: stats.measure('o'), aggregation: count() },
    ]) {
      expect(() => stats.registerView(other)).toThrow(expect.objectContaining({ code: 'ERR_VIEW_CONFLICT' }))
    }
  })

  test.each<[string, MeasureOptions, Aggregation]>([
    ['unit, which decides about its bounds', { unit: 'By' }, distribution()],
    ['sign, which decides about its bounds', { signed: true }, distribution([-1, 1])],
    ['unit, which decides about its range', { unit: 'By' }, percentiles({ highest: 1e9 })],
  ])('is the same view as an equal one of the measure, whatever its %s', (_what, options, aggregation) => {
    const stats = new Stats()
    const view = stats.registerView({ name: 'm', measure: 'm', aggregation })
    const measure = stats.measure('m', { ...options, view: aggregation })
    expect([view.measure, view.aggregation]).toEqual([measure, new View({ name: 'm', measure, aggregation }).aggregation])
  })

  test('has no description of its own that differs from that of the measure', () => {
    const stats = new Stats()
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    stats.registerView({ name: 'described', measure: 'described', aggregation: count() })
    stats.measure('described', { description: 'Described', view: count() })
    expect([stats.viewManager.getView('described')!.view.description, warned.mock.calls]).toEqual(['Described', []])
    warned.mockRestore()
  })

  test('is independent of later changes of its options', () => {
    const stats = new Stats()
    const tagKeys = ['a']
    const tagValues = { a: ['x'] }
    const view = stats.registerView({ name: 'v', measure: 'm', tagKeys, tagValues, aggregation: count() })
    tagKeys.push('b')
    tagValues.a.push('y')
    stats.measure('m')
    expect([view.tagKeys, view.rows.length]).toEqual([['a'], 1])
  })

  test('has a handle that can be registered again only if it waits in this engine, or its measure is known', () => {
    const [stats, other] = [new Stats(), new Stats()]
    const view = stats.registerView({ name: 'v', measure: 'm', aggregation: count() })
    const refused = expect.objectContaining({ code: 'ERR_VIEW_MEASURE' })
    expect(() => other.registerView(view)).toThrow(refused)
    stats.viewManager.unregisterView('v')
    expect(() => stats.registerView(view)).toThrow(refused)
  })

  test('can be unregistered before the measure exists', () => {
    const stats = new Stats()
    const view = stats.registerView({ name: 'v', measure: 'm', aggregation: count() })
    expect(stats.viewManager.unregisterView('v')).toBe(true)
    stats.record(stats.measure('m'), 1)
    expect([view.rows, stats.viewManager.unregisterView('v')]).toEqual([[], false])
  })

  test('counts towards the limit of views, and is checked as far as possible without its measure', () => {
    const stats = new Stats({ limits: { definitions: 1 } })
    expect(() => stats.registerView({ name: 'v', measure: 'm', aggregation: undefined as never })).toThrow('needs an aggregation')
    stats.registerView({ name: 'v', measure: 'm', aggregation: count() })
    expect(() => stats.registerView({ name: 'w', measure: 'm', aggregation: count() })).toThrow('at most 1 views')
  })

  test('is dropped with a warning if it does not fit its measure, which is still defined', () => {
    const stats = new Stats()
    const view = stats.registerView({ name: 'v/unfit', measure: 'm', tagKeys: ['a'], aggregation: count() })
    stats.record(stats.measure('m', { tagKeys: ['b'] }), 1, { b: 'x' })
    expect([view.rows, stats.getMeasure('m')?.name]).toEqual([[], 'm'])
  })
})

describe('a measure defined with a view', () => {
  test('has a view of its name and its tag keys', () => {
    const stats = new Stats()
    const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['route'], view: distribution([1]) })
    stats.record(latency, 0.5, { route: '/' })
    expect(formatText(stats.getMetrics())).toBe(
      [
        '# TYPE shop_latency_seconds histogram',
        'shop_latency_seconds_bucket{route="/",le="1"} 1',
        'shop_latency_seconds_bucket{route="/",le="+Inf"} 1',
        'shop_latency_seconds_sum{route="/"} 0.5',
        'shop_latency_seconds_count{route="/"} 1',
        '',
      ].join('\n'),
    )
    expect(stats.measure('shop/latency', { unit: 's', tagKeys: ['route'], view: distribution([1]) })).toBe(latency)
  })

  test('is not defined if its view is refused', () => {
    const stats = new Stats()
    stats.registerView({ name: 'm', measure: stats.measure('other'), aggregation: lastValue() })
    expect(() => stats.measure('m', { view: count() })).toThrow(expect.objectContaining({ code: 'ERR_VIEW_CONFLICT' }))
    expect(stats.getMeasure('m')).toBeUndefined()
  })
})

test('a view with an exact name is exposed under it, without unit and suffix', () => {
  const { stats, latency } = setUp()
  const options = { name: 'billing_db', measure: latency, aggregation: sum() }
  stats.registerView({ ...options, exactName: true })
  stats.record(latency, 1, { route: '/' })
  expect(formatText(stats.getMetrics())).toBe('# TYPE billing_db counter\nbilling_db 1\n')
  expect(() => stats.registerView(options)).toThrow(
    'view "billing_db" exists with exactName true; this one has exactName false. Unregister it first.',
  )
})

test('a conflict of views names only what differs', () => {
  const { stats, latency } = setUp()
  stats.registerView({ name: 'orders/latency', measure: latency, aggregation: distribution([0.1, 1]) })
  expect(() => stats.registerView({ name: 'orders/latency', measure: latency, aggregation: distribution([0.1, 0.5, 1]) })).toThrow(
    'view "orders/latency" exists with bounds [0.1,1]; this one has bounds [0.1,0.5,1]. Unregister it first.',
  )
})
