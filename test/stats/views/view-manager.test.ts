import { describe, expect, test, vi } from 'vitest'
import { count, distribution, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { View, type ViewOptions } from '../../../src/stats/views/view.js'
import { engine, rowsOf } from '../engine.js'

const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})

/** An engine with one measure, and views of it registered by name. */
function setUp(options: ConstructorParameters<typeof Stats>[0] = {}) {
  const { stats, clock } = engine(options)
  const measure = stats.measure('m', { unit: 's' })
  const register = (name: string, more: Partial<ViewOptions> = {}) =>
    stats.viewManager.registerView({ name, measure, aggregation: count(), tagKeys: ['a'], ...more })
  const record = (a: unknown, value = 1) => stats.record(measure, value, { a } as { a: string })
  return { stats, clock, measure, register, record, views: stats.viewManager }
}

describe('registration', () => {
  test('of an equal view returns the existing one, and counts nothing twice', () => {
    const { register, record, stats, views } = setUp()
    const first = register('v')
    expect([register('v'), views.registerView(new View({ ...first } as ViewOptions))]).toEqual([first, first])
    record('x')
    expect([rowsOf(stats, 'v'), views.views]).toEqual([['a=x: 1'], [first]])
  })

  test('of an equal view with another description is logged once, and the first is kept', () => {
    const { register } = setUp()
    const first = register('described', { description: 'one' })
    warned.mockClear()
    for (let n = 0; n < 2; n++) expect(register('described', { description: 'two' })).toBe(first)
    expect(warned).toHaveBeenCalledTimes(1)
    expect(first.description).toBe('one')
  })

  test.each<[string, Partial<ViewOptions>]>([
    ['aggregation', { aggregation: sum() }],
    ['keys', { tagKeys: [] }],
    ['limit', { rowLimit: 7 }],
    ['declared values', { tagValues: { a: ['x'] } } as object],
  ])('of another view under the name is refused, and the first stays: other %s', (_what, options) => {
    const { register, record, stats } = setUp()
    register('v')
    record('x')
    expect(() => register('v', options)).toThrow(expect.objectContaining({ code: 'ERR_VIEW_CONFLICT' }))
    record('x')
    expect(rowsOf(stats, 'v')).toEqual(['a=x: 2'])
  })

  test('names both definitions of a conflict', () => {
    const { register } = setUp()
    register('v')
    expect(() => register('v', { tagKeys: ['b'] })).toThrow(
      'view "v" exists with tagKeys ["a"]; this one has tagKeys ["b"]. Unregister it first.',
    )
  })

  test.each([
    ['requests', 'requests_total'],
    ['a.b', 'a_b'],
  ])('of %s beside %s is refused, since both are exposed as one', (first, second) => {
    const { register, views } = setUp()
    register(first)
    expect(() => register(second)).toThrow(expect.objectContaining({ code: 'ERR_NAME_CLASH' }))
    views.unregisterView(first)
    expect(register(second).name).toBe(second)
  })

  test.each([['le'], ['quantile'], ['__name__'], ['tallyscope_overflow']])('of the key %s is refused', (key) => {
    const { register, measure, stats } = setUp()
    expect(() => register('v', { tagKeys: [key] })).toThrow(expect.objectContaining({ code: 'ERR_LABEL_RESERVED' }))
    expect([measure.hasViews, stats.getMetrics()]).toEqual([false, []])
  })

  test('of keys that become the same label is refused', () => {
    expect(() => setUp().register('v', { tagKeys: ['a.b', 'a_b'] })).toThrow(expect.objectContaining({ code: 'ERR_LABEL_CLASH' }))
  })

  test('of a measure of another engine is refused', () => {
    const foreign = new Stats().measure('m')
    expect(() => setUp().register('v', { measure: foreign })).toThrow(expect.objectContaining({ code: 'ERR_VIEW_MEASURE' }))
    expect(foreign.hasViews).toBe(false)
  })

  test('is limited, and unregistering frees a place', () => {
    const { register, views } = setUp({ limits: { definitions: 2 } })
    register('v1')
    register('v2')
    expect(() => register('v3')).toThrow(expect.objectContaining({ code: 'ERR_VIEW_LIMIT' }))
    expect(register('v2').name).toBe('v2')
    views.unregisterView('v1')
    expect(register('v3').name).toBe('v3')
  })

  test('shows no earlier records, with other views of the same keys or not', () => {
    const { register, record, stats } = setUp()
    record('before any')
    register('early')
    record('x', 2)
    register('late', { aggregation: sum() })
    record('x', 3)
    record('y', 4)
    expect([rowsOf(stats, 'early'), rowsOf(stats, 'late')]).toEqual([
      ['a=x: 2', 'a=y: 1'],
      ['a=x: 3', 'a=y: 4'],
    ]) // prettier-ignore
  })

  test('and unregistering, a hundred thousand times, leave nothing behind', () => {
    const { register, record, views } = setUp()
    const turn = () => {
      register('v')
      record('x')
      views.unregisterView('v')
    }
    for (let n = 0; n < 5_000; n++) turn()
    global.gc!()
    const beforeBytes = process.memoryUsage().heapUsed
    for (let n = 0; n < 100_000; n++) turn()
    global.gc!()
    expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(1e6)
  })
})

describe('unregistering', () => {
  test('removes the view and its rows, and the others continue', () => {
    const { register, record, stats, views, measure } = setUp()
    for (const name of ['v1', 'v2', 'v3']) register(name, { aggregation: sum() })
    record('x', 2)
    expect([views.unregisterView('v2'), views.unregisterView('v2'), views.unregisterView('none')]).toEqual([true, false, false])
    record('x', 3)
    expect([rowsOf(stats, 'v1'), views.getView('v2'), rowsOf(stats, 'v3')]).toEqual([['a=x: 5'], undefined, ['a=x: 5']])
    expect(stats.getMetrics().map(({ descriptor }) => descriptor.name)).toEqual(['v1', 'v3'])
    views.unregisterView('v1')
    views.unregisterView('v3')
    expect([measure.hasViews, stats.getMetrics()]).toEqual([false, []])
  })

  test('and registering again begins at 0, with a new start time', () => {
    const { register, record, stats, views, clock } = setUp()
    register('v')
    record('x')
    views.unregisterView('v')
    clock.advance(500)
    register('v')
    expect(rowsOf(stats, 'v')).toEqual([])
    record('x')
    expect(views.getView('v')).toMatchObject({ startTimeUnixMs: 1_500, rows: [{ startTimeUnixMs: 1_500, data: { value: 1 } }] })
  })

  test('returns its rows to the budget', () => {
    const { register, record, stats, views } = setUp({ limits: { totalRows: 3 } })
    register('v1')
    for (let n = 0; n < 3; n++) record(n)
    views.unregisterView('v1')
    register('v2')
    for (let n = 0; n < 3; n++) record(n)
    expect(rowsOf(stats, 'v2')).toEqual(['a=0: 1', 'a=1: 1', 'a=2: 1'])
  })
})

describe('views of all kinds', () => {
  test('with the same keys in any order share rows, and each has its own data', () => {
    const { stats } = engine()
    const measure = stats.measure('m')
    const aggregations = { count: count(), sum: sum(), last: lastValue(), distribution: distribution([1]) }
    for (const [name, aggregation] of Object.entries(aggregations)) {
      stats.viewManager.registerView({ name, measure, aggregation, tagKeys: name === 'sum' ? ['b', 'a'] : ['a', 'b'] })
    }
    for (const value of [0.5, 1, 2]) stats.record(measure, value, { a: 'x', b: 'y' })
    stats.record(measure, 7, { b: 'x', a: 'y' })
    expect(Object.keys(aggregations).map((name) => rowsOf(stats, name))).toEqual([
      ['a=x b=y: 3', 'a=y b=x: 1'],
      ['b=y a=x: 3.5', 'b=x a=y: 7'],
      ['a=x b=y: 2', 'a=y b=x: 7'],
      ['a=x b=y: 3/3.5', 'a=y b=x: 1/7'],
    ])
    expect(stats.viewManager.getView('distribution')!.rows[0]!.data).toEqual({
      kind: 'distribution',
      count: 3,
      sum: 3.5,
      mean: 3.5 / 3,
      sumOfSquaredDeviation: expect.closeTo(7 / 6, 12),
      bounds: [1],
      bucketCounts: [2, 1],
    }) // prettier-ignore
  })

  test('with other keys have other rows, without keys one row', () => {
    const { register, stats, measure } = setUp()
    register('by a')
    register('by b', { tagKeys: ['b'] })
    register('all', { tagKeys: [] })
    for (const tags of [{ a: 'x', b: '1' }, { a: 'x', b: '2' }, { a: 'y' }]) stats.record(measure, 1, tags)
    expect(['by a', 'by b', 'all'].map((name) => rowsOf(stats, name))).toEqual([
      ['a=x: 2', 'a=y: 1'],
      ['b=1: 1', 'b=2: 1', 'b=-: 1'],
      [': 3'],
    ]) // prettier-ignore
  })
})

describe('removal of rows', () => {
  test('of a view with shared rows leaves the other views unchanged, including exemplars', () => {
    const { register, record, stats, views, measure } = setUp()
    register('v1')
    register('v2', { aggregation: sum() })
    register('v3', { aggregation: distribution([1]) })
    record('x', 2)
    stats.record(measure, 5, { a: 'y' }, { id: 'e' })
    expect([views.removeRows('v2', { a: 'x' }), views.removeRows('v2', { a: 'x' })]).toEqual([1, 0])
    expect(['v1', 'v2', 'v3'].map((name) => rowsOf(stats, name))).toEqual([['a=x: 1', 'a=y: 1'], ['a=y: 5'], ['a=x: 1/2', 'a=y: 1/5']]) // prettier-ignore
    expect(views.removeRows('v3', { a: 'x' })).toBe(1)
    for (const a of ['x', 'y', 'z']) record(a, 10)
    expect(['v1', 'v2', 'v3'].map((name) => rowsOf(stats, name).sort())).toEqual([
      ['a=x: 2', 'a=y: 2', 'a=z: 1'],
      ['a=x: 10', 'a=y: 15', 'a=z: 10'],
      ['a=x: 1/10', 'a=y: 2/15', 'a=z: 1/10'],
    ])
    const y = views.getView('v3')!.rows.find(({ tagValues }) => tagValues['a'] === 'y')
    expect(y!.data).toMatchObject({ exemplars: [undefined, { value: 5, attachments: { id: 'e' } }] })
  })

  test('loses no data of the others if the budget is used up', () => {
    const { register, record, stats, views } = setUp({ limits: { totalRows: 4 } })
    register('v1', { aggregation: sum() })
    register('v2', { aggregation: sum() })
    for (let n = 0; n < 6; n++) record(n, n)
    expect(views.removeRows('v2', { a: 1 })).toBe(1)
    expect([rowsOf(stats, 'v1'), rowsOf(stats, 'v2')]).toEqual([
      ['a=0: 0', 'a=1: 1', 'a=2: 2', 'a=3: 3', '*: 9'],
      ['a=0: 0', 'a=2: 2', 'a=3: 3', '*: 9'],
    ])
  })

  test.each([
    ['unknown keys', { b: 'x' }],
    ['unknown values', { a: 'z' }],
    ['objects', { a: { toString: (): string => 'x' } }],
  ])('by %s removes no row and does not separate views', (_what, tags) => {
    const { register, record, views, measure } = setUp()
    register('v1')
    register('v2', { aggregation: sum() })
    record('x')
    expect(views.removeRows('v1', tags as unknown as { a: string })).toBe(0)
    expect(measure.groups).toHaveLength(1)
  })

  test('matches as recording does: numbers, cut strings, unset tags', () => {
    const { register, record, views, stats } = setUp({ limits: { tagValueLength: 3 } })
    register('v')
    for (const a of [1, 'abcdef', undefined, 'other']) record(a)
    expect([views.removeRows('v', { a: '1' }), views.removeRows('v', { a: 'abcx' }), views.removeRows('v', { a: NaN })]).toEqual([1, 1, 1])
    expect([rowsOf(stats, 'v'), views.removeRows('v', {}), rowsOf(stats, 'v'), views.removeRows('none', {})]).toEqual([
      ['a=oth: 1'],
      1,
      [],
      0,
    ])
  })
})

describe('idle rows', () => {
  const setUpExpiring = () => {
    const made = setUp()
    made.register('v', { idleExpiryMs: 10_000 })
    made.register('stays', { aggregation: sum() })
    return made
  }

  test('expire at gatherings, come back with a new start time, and rows of other views are kept', () => {
    const { record, stats, clock, views } = setUpExpiring()
    stats.shutdown() // no timer: only gatherings
    record('x')
    record('y')
    stats.getMetrics()
    clock.advance(6_000)
    record('y')
    stats.getMetrics()
    clock.advance(6_000)
    stats.getMetrics()
    expect([rowsOf(stats, 'v'), rowsOf(stats, 'stays')]).toEqual([['a=y: 2'], ['a=x: 1', 'a=y: 2']])
    record('x')
    expect(views.getView('v')!.rows.find(({ tagValues }) => tagValues['a'] === 'x')).toMatchObject({
      startTimeUnixMs: 13_000,
      data: { value: 1 },
    })
  })

  test('expire by the timer without gatherings, at most half the time later', () => {
    const { record, stats, clock } = setUpExpiring()
    record('x')
    clock.advance(5_000)
    record('y')
    clock.advance(9_000)
    expect(rowsOf(stats, 'v')).toHaveLength(2)
    clock.advance(1_000)
    expect(rowsOf(stats, 'v')).toEqual(['a=y: 1'])
    clock.advance(10_000)
    expect([rowsOf(stats, 'v'), rowsOf(stats, 'stays')]).toEqual([[], ['a=x: 1', 'a=y: 1']])
  })

  test('expire regardless of the number of gatherings', () => {
    const { record, stats, clock } = setUpExpiring()
    record('x')
    for (let n = 0; n < 9_999; n++) {
      stats.getMetrics()
      clock.advance(1)
    }
    expect(rowsOf(stats, 'v')).toHaveLength(1)
    for (let n = 0; n < 1_000; n++) {
      stats.getMetrics()
      clock.advance(1)
    }
    expect(rowsOf(stats, 'v')).toEqual([])
  })

  test('need a timer only while such a view is registered', () => {
    const { clock, views, stats, register } = setUpExpiring()
    expect(clock.timers).toBe(1)
    views.unregisterView('v')
    expect(clock.timers).toBe(0)
    register('v', { idleExpiryMs: 10_000 })
    stats.shutdown()
    expect(clock.timers).toBe(0)
  })
})

describe('the limit of rows', () => {
  test('is that of the view, else of the engine; exactly as many fit', () => {
    const { register, record, stats } = setUp({ limits: { rowsPerView: 3 } })
    register('v')
    register('wide', { rowLimit: 5, aggregation: sum() })
    for (let n = 0; n < 3; n++) record(n)
    expect(rowsOf(stats, 'v')).toEqual(['a=0: 1', 'a=1: 1', 'a=2: 1'])
    for (let n = 0; n < 7; n++) record(n)
    expect(rowsOf(stats, 'v')).toEqual(['a=0: 2', 'a=1: 2', 'a=2: 2', '*: 4'])
    expect(rowsOf(stats, 'wide')).toEqual(['a=0: 2', 'a=1: 2', 'a=2: 2', 'a=3: 1', 'a=4: 1', '*: 2'])
  })

  test('keeps totals of all views exact', () => {
    const { stats } = engine({ limits: { rowsPerView: 50 } })
    const measure = stats.measure('m')
    const kinds = { c: count(), s: sum(), d: distribution([10, 1_000]) }
    for (const [name, aggregation] of Object.entries(kinds)) stats.viewManager.registerView({ name, measure, aggregation, tagKeys: ['a'] })
    let total = 0
    for (let n = 0; n < 5_000; n++) {
      total += n
      stats.record(measure, n, { a: n % 400 })
    }
    const data = Object.keys(kinds).map((name) => stats.viewManager.getView(name)!.rows.map((row) => row.data))
    const add = (all: number[]) => all.reduce((one, other) => one + other, 0)
    expect(data.map(({ length }) => length)).toEqual([51, 51, 51])
    expect(add(data[0]!.map((row) => (row as { value: number }).value))).toBe(5_000)
    expect(add(data[1]!.map((row) => (row as { value: number }).value))).toBe(total)
    const distributions = data[2] as { count: number; sum: number; bucketCounts: readonly number[] }[]
    expect([add(distributions.map((row) => row.count)), add(distributions.map((row) => row.sum))]).toEqual([5_000, total])
    expect([0, 1, 2].map((at) => add(distributions.map(({ bucketCounts }) => bucketCounts[at]!)))).toEqual([11, 990, 3_999])
  })

  test('of all views together applies too', () => {
    const { register, record, stats } = setUp({ limits: { totalRows: 5 } })
    register('v1')
    register('v2', { rowLimit: 100 })
    for (let n = 0; n < 4; n++) record(n)
    expect([rowsOf(stats, 'v1').length, rowsOf(stats, 'v2').length]).toEqual([4, 3])
    const total = (view: string) =>
      stats.viewManager.getView(view)!.rows.reduce((all, { data }) => all + (data as { value: number }).value, 0)
    expect([total('v1'), total('v2')]).toEqual([4, 4])
  })

  test('is available again for a removed row', () => {
    const { register, record, stats, views } = setUp({ limits: { rowsPerView: 2 } })
    register('v')
    for (const a of ['x', 'y', 'z']) record(a)
    views.removeRows('v', { a: 'x' })
    record('z')
    expect(rowsOf(stats, 'v')).toEqual(['a=z: 1', 'a=y: 1', '*: 1'])
  })

  test('is marked by a label that no tag can have', () => {
    const { register, record, stats } = setUp({ limits: { rowsPerView: 1 } })
    register('v')
    record('true')
    record('x')
    expect(stats.viewManager.getView('v')!.rows.map(({ overflow, tagValues }) => [overflow, { ...tagValues }])).toEqual([
      [false, { a: 'true' }],
      [true, { a: undefined }],
    ])
    expect(stats.getMetrics()[0]!.timeSeries.map(({ labelValues, overflow }) => [labelValues, overflow])).toEqual([
      [['true'], undefined],
      [[undefined], true],
    ]) // prettier-ignore
  })
})

describe('declared tag values', () => {
  test('are rows of 0 from the start, one for each combination', () => {
    const { stats, measure } = setUp()
    stats.viewManager.registerView({
      name: 'v',
      measure,
      aggregation: count(),
      tagKeys: ['a', 'b', 'c'],
      tagValues: { b: [200, true], a: ['x', 'y'] },
    })
    expect(rowsOf(stats, 'v')).toEqual(['a=x b=200 c=-: 0', 'a=x b=true c=-: 0', 'a=y b=200 c=-: 0', 'a=y b=true c=-: 0'])
    stats.record(measure, 1, { a: 'y', b: '200' })
    expect(rowsOf(stats, 'v')[2]).toBe('a=y b=200 c=-: 1')
  })

  test('must fit the limit', () => {
    const { stats, measure } = setUp({ limits: { rowsPerView: 5 } })
    const tagValues = { a: [1, 2], b: [1, 2, 3] }
    const view = { name: 'v', measure, aggregation: count(), tagKeys: ['a', 'b'], tagValues }
    expect(() => stats.viewManager.registerView(view)).toThrow(
      expect.objectContaining({
        code: 'ERR_TAG_VALUES',
        message: 'declared tag values must fit the limit of 5 rows: view v has 6 combinations',
      }),
    )
    expect(stats.viewManager.registerView({ ...view, rowLimit: 6 }).rowLimit).toBe(6)
  })
})

describe('view data', () => {
  test('are a copy: later records and changes of it have no effect on each other', () => {
    const { register, record, stats, views } = setUp()
    register('v', { aggregation: distribution([1]) })
    record('x', 5)
    const data = views.getView('v')!
    const metrics = stats.getMetrics()
    const before = JSON.stringify([data.rows, metrics])
    record('x', 5)
    record('y', 5)
    expect(JSON.stringify([data.rows, metrics])).toBe(before)
    const row = data.rows[0]!.data as unknown as { count: number; bucketCounts: number[] }
    row.count = 99
    row.bucketCounts[0] = 99
    ;(metrics[0]!.timeSeries as unknown[]).length = 0
    expect(rowsOf(stats, 'v')).toEqual(['a=x: 2/10', 'a=y: 1/5'])
  })

  test('have start and end times', () => {
    const { register, record, views, clock } = setUp()
    register('v')
    clock.advance(100)
    record('x')
    clock.advance(200)
    expect(views.getView('v')).toMatchObject({
      view: { name: 'v' },
      startTimeUnixMs: 1_000,
      endTimeUnixMs: 1_300,
      rows: [{ startTimeUnixMs: 1_100 }],
    })
    expect(views.getAllViewData().map(({ view }) => view.name)).toEqual(['v'])
  })

  test('of an unknown view are undefined', () => expect(setUp().views.getView('none')).toBe(undefined))

  test('are equal twice without a record between', () => {
    const { register, record, stats } = setUp()
    register('v')
    register('d', { aggregation: distribution([1]) })
    for (let n = 0; n < 100; n++) record(n, n)
    expect(stats.getMetrics()).toEqual(stats.getMetrics())
  })

  test('have no metric for a view without rows', () => {
    const { register, stats } = setUp()
    register('v')
    expect(stats.getMetrics()).toEqual([])
  })
})

describe('bound handles and tag maps', () => {
  const tags = TagMap.of({ a: 'x' })
  const ways = {
    'a bound handle': ({ stats, measure }: ReturnType<typeof setUp>) => {
      const bound = stats.bind(measure, tags)
      return (value = 1) => bound.record(value)
    },
    'a tag map': ({ stats, measure }: ReturnType<typeof setUp>) => {
      const own = TagMap.of({ a: 'x' })
      return (value = 1) => stats.record(measure, value, own)
    },
  }

  describe.each(Object.entries(ways))('%s', (_name, make) => {
    test('follows views that are registered and removed', () => {
      const made = setUp()
      const record = make(made)
      record()
      made.register('v1')
      record()
      made.register('v2', { aggregation: sum() })
      record(0.5)
      made.register('v3', { tagKeys: [] })
      record(2)
      made.views.unregisterView('v1')
      record(4)
      made.register('v1')
      record(8)
      expect(['v1', 'v2', 'v3'].map((name) => rowsOf(made.stats, name))).toEqual([['a=x: 1'], ['a=x: 14.5'], [': 3']])
    })

    test('creates its row again if it was removed, has expired or was replaced by another', () => {
      const made = setUp()
      const record = make(made)
      made.register('v', { idleExpiryMs: 1_000 })
      record()
      made.views.removeRows('v', { a: 'x' })
      expect(rowsOf(made.stats, 'v')).toEqual([])
      made.record('y')
      record()
      expect(rowsOf(made.stats, 'v').sort()).toEqual(['a=x: 1', 'a=y: 1'])
      made.clock.advance(5_000)
      expect(rowsOf(made.stats, 'v')).toEqual([])
      made.record('z')
      record()
      record()
      expect(rowsOf(made.stats, 'v').sort()).toEqual(['a=x: 2', 'a=z: 1'])
    })

    test('keeps its row from expiring by recording', () => {
      const made = setUp()
      const record = make(made)
      made.register('v', { idleExpiryMs: 1_000 })
      for (let n = 0; n < 20; n++) {
        record()
        made.clock.advance(400)
      }
      expect(rowsOf(made.stats, 'v')).toEqual(['a=x: 20'])
    })

    test('records into the overflow row, and into its own row once one is free', () => {
      const made = setUp({ limits: { rowsPerView: 1 } })
      const record = make(made)
      made.register('v')
      made.record('first')
      record()
      record()
      expect(rowsOf(made.stats, 'v')).toEqual(['a=first: 1', '*: 2'])
      made.views.removeRows('v', { a: 'first' })
      record()
      expect(rowsOf(made.stats, 'v')).toEqual(['a=x: 1', '*: 2'])
    })

    test('follows a view of shared rows that gets its own cells', () => {
      const made = setUp()
      const record = make(made)
      made.register('v1')
      made.register('v2', { aggregation: sum() })
      record(5)
      made.record('y')
      made.views.removeRows('v1', { a: 'y' })
      record(6)
      expect([rowsOf(made.stats, 'v1'), rowsOf(made.stats, 'v2')]).toEqual([['a=x: 2'], ['a=x: 11', 'a=y: 1']])
    })
  })

  test('a tag map used with twenty measures and two engines still finds each', () => {
    const engines = [engine().stats, engine().stats]
    const measures = engines.flatMap((stats) =>
      Array.from({ length: 20 }, (_, n) => {
        const measure = stats.measure(`m${n}`)
        stats.viewManager.registerView({ name: `v${n}`, measure, aggregation: sum(), tagKeys: ['a'] })
        return { stats, measure }
      }),
    ) // prettier-ignore
    for (let turn = 0; turn < 3; turn++) for (const [n, { stats, measure }] of measures.entries()) stats.record(measure, n, tags)
    for (const [at, stats] of engines.entries()) {
      for (let n = 0; n < 20; n++) expect(rowsOf(stats, `v${n}`)).toEqual([`a=x: ${3 * (n + 20 * at)}`])
    }
  })
})

test('a view without tag keys shows 0 from the start if tagValues is empty', () => {
  const stats = new Stats()
  const measure = stats.measure('events')
  stats.viewManager.registerView({ name: 'events', measure, tagValues: {}, aggregation: count() })
  stats.viewManager.registerView({ name: 'events/later', measure, aggregation: count() })
  expect(stats.viewManager.getAllViewData().map(({ rows }) => rows.map(({ data }) => data))).toEqual([[{ kind: 'count', value: 0 }], []])
})

test('a view whose declared rows were removed has each row once, also after another view with its keys was registered', () => {
  const { register, record, stats, views } = setUp()
  register('declared', { tagValues: { a: ['x', 'y'] } })
  views.removeRows('declared', {})
  register('other')
  for (const a of ['x', 'z']) record(a)
  views.removeRows('declared', { a: 'z' })
  expect([rowsOf(stats, 'declared'), rowsOf(stats, 'other')]).toEqual([['a=x: 1'], ['a=x: 1', 'a=z: 1']])
})

test('after a reset of all views, those of the same tag keys still share their rows', () => {
  const stats = new Stats()
  const measure = stats.measure('shared')
  for (const [name, aggregation] of [
    ['a', count()],
    ['b', sum()],
  ] as const)
    stats.registerView({ name, measure, tagKeys: ['k'], aggregation })
  stats.record(measure, 2, { k: 'x' })
  stats.reset()
  stats.record(measure, 3, { k: 'y' })
  expect(measure.groups.length).toBe(1)
  expect(stats.viewManager.getAllViewData().map(({ rows }) => rows.map(({ tagValues, data }) => [tagValues['k'], data]))).toEqual([
    [['y', { kind: 'count', value: 1 }]],
    [['y', { kind: 'sum', value: 3 }]],
  ])
})
