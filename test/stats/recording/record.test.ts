import { describe, expect, test } from 'vitest'
import { count, distribution, lastValue, sum, type Aggregation } from '../../../src/stats/views/aggregation.js'
import type { Measure, MeasureOptions } from '../../../src/stats/recording/measure.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { withTags } from '../../../src/stats/tags/current-tags.js'
import { selfValue } from '../../exporters/self-value.js'
import { engine, rowsOf } from '../engine.js'

const KINDS: Record<string, Aggregation> = { count: count(), sum: sum(), last: lastValue(), distribution: distribution([-1, 0, 1]) }
let engines = 0

/** An engine with a measure and a view of each kind, under names that no other test counts. */
function setUp(options: MeasureOptions = {}, kinds = KINDS, tagKeys: string[] = ['a']) {
  const { stats, clock } = engine()
  const prefix = `e${engines++}`
  const measure = stats.measure(`${prefix}/m`, options) as Measure
  for (const [kind, aggregation] of Object.entries(kinds)) {
    stats.viewManager.registerView({ name: `${prefix}/${kind}`, measure, aggregation, tagKeys })
  }
  return {
    stats,
    clock,
    measure,
    rows: (kind: string) => rowsOf(stats, `${prefix}/${kind}`),
    all: () => Object.fromEntries(Object.keys(kinds).map((kind) => [kind, rowsOf(stats, `${prefix}/${kind}`).join(', ')])),
    dropped: (reason: string) => selfValue('tallyscope_dropped_measurements_total', `${prefix}/m`, reason),
    droppedBy: (kind: string, reason: string) => selfValue('tallyscope_dropped_values_total', `${prefix}/${kind}`, reason),
    overflowed: (kind: string) => selfValue('tallyscope_overflowed_records_total', `${prefix}/${kind}`),
  }
}

type SetUp = ReturnType<typeof setUp>

/** The three ways to record, which must not differ. */
const WAYS: [string, (made: SetUp) => (value: unknown) => void][] = [
  [
    'a plain object',
    ({ stats, measure }) =>
      (value) =>
        stats.record(measure, value as number, { a: 'x' }),
  ],
  [
    'a tag map',
    ({ stats, measure }) =>
      (
        (tags) => (value) =>
          stats.record(measure, value as number, tags)
      )(TagMap.of({ a: 'x' })),
  ], // prettier-ignore
  [
    'a bound handle',
    ({ stats, measure }) =>
      (
        (bound) => (value) =>
          bound.record(value as number)
      )(stats.bind(measure, { a: 'x' })),
  ], // prettier-ignore
]

describe.each(WAYS)('with %s', (_way, make) => {
  /** Records one value of each kind of measure. Returns what each view then shows and what was counted as dropped. */
  function check(
    options: MeasureOptions,
    values: unknown[],
    shown: Record<string, string>,
    drops: [call: string | undefined, by: string[]],
  ): void {
    const made = setUp(options)
    const record = make(made)
    for (const value of values) expect(record(value)).toBe(undefined)
    expect(made.all()).toEqual({ count: '', sum: '', last: '', distribution: '', ...shown })
    const [call, by] = drops
    const reasons = ['nan', 'infinite', 'negative', 'fraction', 'not a number', 'too large', 'tags']
    expect(Object.fromEntries(reasons.map((reason) => [reason, made.dropped(reason)]).filter(([, n]) => n))).toEqual(
      call ? { [call]: values.length } : {},
    )
    const droppedBy = Object.keys(KINDS).flatMap((kind) =>
      reasons.filter((reason) => made.droppedBy(kind, reason) > 0).map((reason) => `${kind} ${reason}`),
    )
    expect(droppedBy).toEqual(by)
  }
  const allBut = (reason: string) => ['count', 'sum', 'distribution'].map((kind) => `${kind} ${reason}`)
  const all = (reason: string) => Object.keys(KINDS).map((kind) => `${kind} ${reason}`)
  const everywhere = (n: number, text: string) => ({
    count: `a=x: ${n}`,
    sum: `a=x: ${text}`,
    last: `a=x: ${text}`,
    distribution: `a=x: ${n}/${text}`,
  })
  const onlyLast = (text: string) => ({ count: 'a=x: 0', sum: 'a=x: 0', last: `a=x: ${text}`, distribution: 'a=x: 0/0' })

  test('ordinary values are accepted by every view', () =>
    check({}, [0.25, 0.5], { ...everywhere(2, '0.75'), last: 'a=x: 0.5' }, [undefined, []]))
  test('0 is a value', () => check({}, [0], everywhere(1, '0'), [undefined, []]))
  test('−0 is 0', () => check({}, [-0], everywhere(1, '0'), [undefined, []]))
  test('NaN is accepted by last-value views only', () => check({}, [NaN], onlyLast('NaN'), [undefined, allBut('nan')]))
  test('infinity is accepted by last-value views only', () => check({}, [Infinity], onlyLast('Infinity'), [undefined, allBut('infinite')]))
  test('minus infinity is accepted by last-value views only, signed or not', () => {
    for (const signed of [false, true]) check({ signed }, [-Infinity], onlyLast('-Infinity'), [undefined, allBut('infinite')])
  })
  test('a negative value is accepted only by last-value views', () => check({}, [-2], onlyLast('-2'), [undefined, allBut('negative')]))
  test('a negative value of a signed measure is accepted by every view', () =>
    check({ signed: true }, [-2], everywhere(1, '-2'), [undefined, []]))
  test('a fraction of an int64 measure is dropped', () => check({ type: 'int64' }, [1.5], {}, ['fraction', all('fraction')]))
  test('a negative fraction of a signed int64 measure is dropped', () =>
    check({ type: 'int64', signed: true }, [-1.5], {}, ['fraction', all('fraction')]))
  test('an integer of an int64 measure is accepted', () => check({ type: 'int64' }, [3], everywhere(1, '3'), [undefined, []]))
  test('NaN and infinities of an int64 measure are accepted by last-value views', () =>
    check({ type: 'int64' }, [NaN], onlyLast('NaN'), [undefined, allBut('nan')]))
  test('a safe BigInt is converted to a number', () =>
    check({ type: 'int64' }, [2n ** 53n - 1n], everywhere(1, String(2 ** 53 - 1)), [undefined, []]))
  test('a negative BigInt is a negative number', () => check({ type: 'int64', signed: true }, [-5n], everywhere(1, '-5'), [undefined, []]))
  test('an inexact BigInt is dropped', () => check({}, [2n ** 53n], {}, ['not a number', all('not a number')]))
  test.each<[string, unknown]>([
    ['a numeric text', '5'],
    ['a boolean', true],
    ['undefined', undefined],
    ['null', null],
    ['a date', new Date(5)],
    ['a boxed number', new Number(5)],
    ['an array', [5]],
    ['a symbol', Symbol('5')],
    ['an object that turns into a number', { valueOf: () => expect.fail('valueOf'), toString: () => expect.fail('toString') }],
  ])('%s is dropped', (_what, value) => check({}, [value], {}, ['not a number', all('not a number')]))

  test('a sum does not become infinite, and other views accept the value', () => {
    const made = setUp()
    const record = make(made)
    record(Number.MAX_VALUE)
    record(Number.MAX_VALUE)
    expect(made.all()).toEqual({
      count: 'a=x: 2',
      sum: `a=x: ${Number.MAX_VALUE}`,
      last: `a=x: ${Number.MAX_VALUE}`,
      distribution: `a=x: 1/${Number.MAX_VALUE}`,
    })
    expect([made.droppedBy('sum', 'too large'), made.droppedBy('distribution', 'too large'), made.dropped('too large')]).toEqual([1, 1, 0])
  })

  test.each([1, 2])('with %i sum views only, such a call counts as dropped', (views) => {
    const made = setUp({}, Object.fromEntries(['s1', 's2'].slice(0, views).map((name) => [name, sum()])))
    const record = make(made)
    for (let n = 0; n < 3; n++) record(Number.MAX_VALUE)
    expect([made.dropped('too large'), made.droppedBy('s1', 'too large'), made.rows('s1')]).toEqual([2, 2, [`a=x: ${Number.MAX_VALUE}`]])
  })

  test('a signed sum does not become infinite either', () => {
    const made = setUp({ signed: true }, { s: sum() })
    const record = make(made)
    for (let n = 0; n < 3; n++) record(-Number.MAX_VALUE)
    expect([made.dropped('too large'), made.dropped('negative'), made.rows('s')]).toEqual([2, 0, [`a=x: ${-Number.MAX_VALUE}`]])
    expect([made.droppedBy('s', 'too large'), made.droppedBy('s', 'negative')]).toEqual([2, 0])
  })

  test('a negative value without attachments drops no attachment', () => {
    const before = selfValue('tallyscope_dropped_attachments_total')
    make(setUp({ signed: true }))(-1)
    expect(selfValue('tallyscope_dropped_attachments_total') - before).toBe(0)
  })

  test('a negative BigInt is dropped from -2^53 on', () => {
    const made = setUp({ signed: true }, { s: sum(), c: count() })
    const record = make(made)
    for (const value of [-(2n ** 53n) + 1n, -(2n ** 53n), -(2n ** 70n)]) record(value)
    expect([made.rows('c'), made.rows('s'), made.dropped('not a number')]).toEqual([['a=x: 1'], [`a=x: ${-(2 ** 53) + 1}`], 2])
  })

  test('sums go past 2^31 without a break', () => {
    const made = setUp({}, { s: sum(), d: distribution([]) })
    const alone = setUp({}, { s: sum() })
    for (const { record, rows } of [made, alone].map((one) => ({ record: make(one), rows: () => one.rows('s') }))) {
      for (const value of [2 ** 31 - 1, 1, 2 ** 31 - 1, 0.5, 7]) record(value)
      expect(rows()).toEqual([`a=x: ${2 ** 32 + 6.5}`])
    }
  })

  test('without a view nothing is counted, for any value', () => {
    const made = setUp({}, {})
    const record = make(made)
    for (const value of [1, NaN, -1, '5', {}, 3n]) record(value)
    for (const reason of ['nan', 'negative', 'not a number', 'tags']) expect(made.dropped(reason)).toBe(0)
  })
})

describe('tags', () => {
  const fails = () => {
    throw new Error('no')
  } // prettier-ignore
  const { proxy: revoked, revoke } = Proxy.revocable({}, {})
  revoke()
  const traps: ProxyHandler<object> = { get: fails, has: fails, ownKeys: fails, getOwnPropertyDescriptor: fails, getPrototypeOf: fails }

  describe('that cannot be used drop the record, which is counted by call and by view', () => {
    test.each<[string, unknown]>([
      ['a text', 'a'],
      ['a number', 7],
      ['a function', () => 1],
      ['a symbol', Symbol('a')],
      [
        'a getter that throws',
        {
          get a() {
            return fails()
          },
        },
      ],
      ['an object as value', { a: { toString: fails } }],
      ['an array as value', { a: ['x"} 1\nevil 1'] }],
      ['a function as value', { a: () => 'x' }],
      ['a symbol as value', { a: Symbol('x') }],
      ['a proxy whose traps throw', new Proxy({}, traps)],
      ['a revoked proxy', revoked],
      ['what looks like a tag map', Object.create(TagMap.prototype)],
    ])('%s', (_what, tags) => {
      for (const kinds of [KINDS, { sum: sum() }])
        for (const value of [1, NaN]) {
          const made = setUp({ type: 'int64' }, kinds)
          made.stats.record(made.measure, value, tags as { a: string })
          const takesNaN = 'last' in kinds
          expect(made.all()).toEqual(Object.fromEntries(Object.keys(kinds).map((kind) => [kind, ''])))
          expect(made.dropped('tags') + made.dropped('nan')).toBe(1)
          expect(made.droppedBy('sum', 'tags') + made.droppedBy('sum', 'nan')).toBe(1)
          if (value === 1) expect([made.dropped('tags'), made.droppedBy('sum', 'tags')]).toEqual([1, 1])
          if (takesNaN) expect([made.dropped('tags'), made.droppedBy('last', 'tags')]).toEqual([1, 1])
        }
    }) // prettier-ignore
  })

  test.each<[string, unknown, string]>([
    ['null', null, 'a=-: 1'],
    ['undefined', undefined, 'a=-: 1'],
    ['an empty object', {}, 'a=-: 1'],
    ['an array', ['x'], 'a=-: 1'],
    ['a number', { a: 200 }, 'a=200: 1'],
    ['a boolean', { a: false }, 'a=false: 1'],
    ['a BigInt', { a: 5n }, 'a=5: 1'],
    ['−0', { a: -0 }, 'a=0: 1'],
    ['NaN', { a: NaN }, 'a=-: 1'],
    ['the empty text', { a: '' }, 'a=-: 1'],
    ['a lone surrogate', { a: 'x\ud800' }, 'a=x\ufffd: 1'],
    [
      'other tags besides',
      {
        a: 'x',
        b: {},
        c: Symbol('c'),
        get d() {
          return fails()
        },
      },
      'a=x: 1',
    ],
    [
      'an instance of a class',
      new (class {
        get a() {
          return 'x'
        }
      })(),
      'a=x: 1',
    ],
    ['a long text, cut', { a: 'x'.repeat(1e6) }, `a=${'x'.repeat(256)}: 1`],
    ['the name of a prototype', { a: '__proto__' }, 'a=__proto__: 1'],
  ])('%s', (_what, tags, row) => {
    const made = setUp({}, { sum: sum() })
    made.stats.record(made.measure, 1, tags as { a: string })
    expect([made.rows('sum'), made.dropped('tags')]).toEqual([[row], 0])
  }) // prettier-ignore

  test('that only some views can use are accepted by those views', () => {
    const made = setUp({}, { sum: sum() })
    const other = `${made.measure.name}/other`
    made.stats.viewManager.registerView({ name: other, measure: made.measure, aggregation: count(), tagKeys: ['b'] })
    const throwing = {
      b: 'x',
      get a() {
        return fails()
      },
    } // prettier-ignore
    for (const tags of [{ a: {}, b: 'x' }, throwing]) made.stats.record(made.measure, 1, tags as unknown as { a: string })
    expect([made.rows('sum'), rowsOf(made.stats, other)]).toEqual([[], ['b=x: 2']])
    expect([made.dropped('tags'), made.droppedBy('sum', 'tags'), selfValue('tallyscope_dropped_values_total', other, 'tags')]).toEqual([
      0, 2, 0,
    ])
  })

  test('of 1,000 keys are read only as far as views have them', () => {
    const made = setUp({}, { sum: sum() })
    let read = 0
    const many = Object.defineProperties(
      {},
      Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, { enumerable: true, get: () => read++ }])),
    )
    made.stats.record(made.measure, 1, many)
    expect([read, made.rows('sum')]).toEqual([0, ['a=-: 1']])
  })

  test('cut to the limit are counted once a row', () => {
    const made = setUp({}, { sum: sum() })
    for (let n = 0; n < 3; n++) made.stats.record(made.measure, 1, { a: 'y'.repeat(300) })
    expect(selfValue('tallyscope_cut_tag_values_total', `${made.measure.name.slice(0, -2)}/sum`)).toBe(1)
  })

  test('with getters that record, register or remove views are harmless', () => {
    const made = setUp({}, { sum: sum() })
    const { stats, measure } = made
    for (let n = 0; n < 50; n++) stats.record(measure, 1, { a: n })
    let turn = 0
    const tags = {
      get a() {
        turn++
        for (let n = 0; n < 100; n++) stats.record(measure, 1, { a: turn * 100 + n })
        stats.viewManager.registerView({ name: `extra${turn}`, measure, aggregation: count(), tagKeys: ['b'] })
        if (turn > 1) stats.viewManager.unregisterView(`extra${turn - 1}`)
        return 'x'
      },
    }
    for (let n = 0; n < 5; n++) stats.record(measure, 1, tags)
    const rows = made.rows('sum')
    expect(rows.filter((row) => row.startsWith('a=x:'))).toEqual(['a=x: 5'])
    expect(new Set(rows.map((row) => row.split(':')[0])).size).toBe(rows.length)
  })
})

describe('a value that is not a measure', () => {
  test.each([undefined, null, {}, 'm', 7, { groups: [{}] }])('%j: the call is counted and does not throw', (measure) => {
    const { stats } = engine()
    const before = selfValue('tallyscope_dropped_measurements_total', '', 'not a measure')
    stats.record(measure as unknown as Measure, 1, { a: 'x' })
    expect(selfValue('tallyscope_dropped_measurements_total', '', 'not a measure') - before).toBe(1)
  })
})

describe('without tags', () => {
  test('the tags of the async context are used', () => {
    const made = setUp({}, { sum: sum() })
    withTags(TagMap.of({ a: 'ctx' }), () => {
      made.stats.record(made.measure, 1)
      made.stats.record(made.measure, 1, { a: 'own' })
      made.stats.record(made.measure, 1, {})
      made.stats.statsRecorder.newMeasurementMap().put(made.measure, 5).record()
    })
    made.stats.record(made.measure, 1)
    expect(made.rows('sum')).toEqual(['a=ctx: 6', 'a=own: 1', 'a=-: 2'])
  })

  test('the context is read only if a listening view has tag keys', () => {
    const made = setUp({}, { sum: sum() }, [])
    const tags = TagMap.of({ a: 'ctx' })
    const asked = () => tags.usedWith
    withTags(tags, () => made.stats.record(made.measure, 1))
    expect([asked(), made.rows('sum'), made.measure.readsTags]).toEqual([0, [': 1'], false])
    made.stats.viewManager.registerView({ name: 'by a', measure: made.measure, aggregation: count(), tagKeys: ['a'] })
    withTags(tags, () => made.stats.record(made.measure, 1))
    expect([asked(), rowsOf(made.stats, 'by a'), made.measure.readsTags]).toEqual([1, ['a=ctx: 1'], true])
  })
})

describe('attachments', () => {
  const exemplars = (made: SetUp, kind: string) =>
    made.stats
      .getMetrics()
      .find(({ descriptor }) => descriptor.name.endsWith(kind))!
      .timeSeries.map(({ points, exemplar }) => {
        const [point] = points
        return typeof point!.value === 'object' && 'bounds' in point!.value ? point!.value.exemplars : exemplar
      }) // prettier-ignore
  const id = (value: number, trace: string) => ({ value, timeUnixMs: 1_000, attachments: { trace_id: trace } })

  test.each([
    [
      'a plain object',
      (made: SetUp, value: number, attachments: object) =>
        made.stats.record(made.measure, value, { a: 'x' }, attachments as Record<string, string>),
    ],
    [
      'a tag map',
      (made: SetUp, value: number, attachments: object) =>
        made.stats.record(made.measure, value, TagMap.of({ a: 'x' }), attachments as Record<string, string>),
    ],
    [
      'a bound handle',
      (made: SetUp, value: number, attachments: object) =>
        made.stats.bind(made.measure, { a: 'x' }).record(value, attachments as Record<string, string>),
    ],
  ])('become exemplars, the newest of each bucket: with %s', (_way, record) => {
    for (const kinds of [KINDS, { distribution: KINDS['distribution']! }]) {
      const made = setUp({ signed: true }, kinds)
      for (const [value, trace] of [
        [0.5, 'a'],
        [5, 'b'],
        [0.7, 'c'],
        [-7, 'd'],
      ] as const)
        record(made, value, { trace_id: trace })
      record(made, 0.9, {})
      expect(exemplars(made, '/distribution')).toEqual([[id(-7, 'd'), undefined, id(0.7, 'c'), id(5, 'b')]])
      if ('sum' in kinds)
        expect([exemplars(made, '/sum'), exemplars(made, '/count'), exemplars(made, '/last')]).toEqual([
          [id(-7, 'd')],
          [id(1, 'd')],
          [undefined],
        ])
    }
  }) // prettier-ignore

  test('that cannot be read lose the exemplar, not the value', () => {
    const made = setUp({}, { distribution: distribution([]) })
    const bad: unknown[] = [
      null,
      5,
      'text',
      {
        get a() {
          throw new Error('no')
        },
      },
      { a: {} },
    ] // prettier-ignore
    const before = selfValue('tallyscope_dropped_attachments_total')
    for (const attachments of bad) made.stats.record(made.measure, 1, { a: 'x' }, attachments as Record<string, string>)
    expect([made.rows('distribution'), exemplars(made, '/distribution')]).toEqual([['a=x: 5/5'], [undefined]])
    expect(selfValue('tallyscope_dropped_attachments_total') - before).toBe(5)
  })

  test('are a copy that a snapshot cannot change', () => {
    const made = setUp({}, { distribution: distribution([]) })
    const mine = { trace_id: 'a' }
    made.stats.record(made.measure, 1, { a: 'x' }, mine)
    mine.trace_id = 'b'
    const [[kept]] = exemplars(made, '/distribution') as unknown as [[{ value: number }]]
    expect(() => (kept.value = 99)).toThrow(TypeError)
    expect(exemplars(made, '/distribution')).toEqual([[id(1, 'a')]])
  })

  test('of a dropped value are dropped with it', () => {
    const made = setUp({}, { distribution: distribution([]), last: lastValue() })
    made.stats.record(made.measure, NaN, { a: 'x' }, { trace_id: 'a' })
    expect(exemplars(made, '/distribution')).toEqual([undefined])
  })
})

describe('records in the overflow row are counted, however they are made', () => {
  test.each(WAYS)('with %s', (_way, make) => {
    const { stats } = engine({ limits: { rowsPerView: 1 } })
    const measure = stats.measure(`overflowing${engines++}`)
    for (const name of ['one', 'two'])
      stats.viewManager.registerView({ name: `${measure.name}/${name}`, measure, aggregation: count(), tagKeys: ['a'] })
    stats.record(measure, 1, { a: 'first' })
    const record = make({ stats, measure } as unknown as SetUp)
    for (let n = 0; n < 5; n++) record(1)
    expect(rowsOf(stats, `${measure.name}/one`)).toEqual(['a=first: 1', '*: 5'])
    expect(selfValue('tallyscope_overflowed_records_total', `${measure.name}/one`)).toBe(5)
  })
})

test('negative values are recorded in the row of their tags, whichever chunk has it', () => {
  const { stats, measure, rows } = setUp({ signed: true }, { s: sum() })
  for (let n = 0; n < 1_000; n++) stats.record(measure, -n, { a: n })
  expect(rows('s')).toEqual(Array.from({ length: 1_000 }, (_, n) => `a=${n}: ${n === 0 ? 0 : -n}`))
})

test('a value that has no row in one view, and is refused by the other, is dropped because of its tags', () => {
  const { stats, measure, dropped, droppedBy } = setUp({}, { last: lastValue(), sum: sum() })
  stats.record(measure, -1, 'no tags' as never)
  expect([droppedBy('last', 'tags'), droppedBy('sum', 'negative')]).toEqual([1, 1])
  expect([dropped('tags'), dropped('negative')]).toEqual([1, 0])
})

test('two hundred handles each record into their own row, in every chunk and in each view', () => {
  const { stats, measure, rows } = setUp()
  const handles = Array.from({ length: 200 }, (_, at) => stats.bind(measure, { a: `tag ${at}` }))
  for (let turn = 0; turn < 4; turn++) for (const [at, handle] of handles.entries()) handle.record(at % 2)
  const row = (at: number, value: number) => `a=tag ${at}: ${value}`
  const sorted = (kind: string) => rows(kind).toSorted((a, b) => parseInt(a.slice(6), 10) - parseInt(b.slice(6), 10))
  expect(sorted('count')).toEqual(handles.map((_, at) => row(at, 4)))
  expect(sorted('sum')).toEqual(handles.map((_, at) => row(at, (at % 2) * 4)))
  expect(sorted('last')).toEqual(handles.map((_, at) => row(at, at % 2)))
})
