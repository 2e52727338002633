import { expect, test } from 'vitest'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { count, distribution, sum } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { TagMap, type Tags } from '../../src/stats/tags/tag-map.js'
import { selfValue } from '../exporters/self-value.js'
import { engine, rowsOf } from '../stats/engine.js'
import { FORMATS, type Read, readBack } from './formats.js'

let engines = 0
const fails = (): never => {
  throw new Error('no')
}
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()
const INHERITED = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf'] as const

/** A view that counts, under a name of its own. */
function setUp(tagKeys: string[]) {
  const { stats } = engine()
  const name = `tagkeys${engines++}`
  const measure = stats.measure(name) as Measure
  stats.viewManager.registerView({ name, measure, tagKeys, aggregation: count() })
  return {
    stats,
    name,
    measure,
    record: (tags: unknown) => stats.record(measure, 1, tags as Tags),
    rows: () => rowsOf(stats, name),
    dropped: () => [
      selfValue('tallyscope_dropped_measurements_total', name, 'tags'),
      selfValue('tallyscope_dropped_values_total', name, 'tags'),
    ],
  }
}

async function expectEverywhere(stats: ReturnType<typeof setUp>['stats'], rows: Read[]): Promise<void> {
  const read = await readBack(stats)
  for (const format of FORMATS) expect([format, read[format]]).toEqual([format, rows])
}

/** The code of what a definition throws, for each way to define keys. */
function refusals(key: string): (string | undefined)[] {
  const registry = new MetricRegistry()
  const { stats } = engine()
  const measure = stats.measure('m') as Measure
  const ways = [
    () => stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a', key], aggregation: count() }),
    () => registry.gauge('g', { labelKeys: ['a', key] }),
    () => registry.gauge('h', { labelKeys: ['a'], constantLabels: { [key]: 'x' } }),
    () => new MetricRegistry({ constantLabels: { [key]: 'x' } }).cumulative('c', { labelKeys: ['a'] }),
  ]
  const codes = ways.map((define) => {
    try {
      define()
      return undefined
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    }
  })
  expect([stats.getMetrics(), registry.getMetrics(), measure.hasViews]).toEqual([[], [], codes[0] === undefined])
  return codes
}

const everyWay = (code: string): string[] => Array.from({ length: 4 }, () => code)

test('a key with blanks, dashes, dots or slashes gets underscores in every format, and records use it unchanged', async () => {
  const { stats, record, name } = setUp(['user id', 'x-y', 'http.route', 'a/b', '0'])
  record({ 'user id': '1', 'x-y': '2', 'http.route': '3', 'a/b': '4', 0: '5', user_id: 'not this' })
  await expectEverywhere(stats, [[`${name}_total`, { _0: '5', a_b: '4', http_route: '3', user_id: '1', x_y: '2' }, 1]])
})

test('a key that is not printable ASCII is refused at definition', () => {
  for (const key of ['clé', 'ключ', '🔑', 'a\nb', 'a\0', '\u2028', 'a\u0301'])
    expect([key, refusals(key)]).toEqual([key, everyWay('ERR_KEYS')])
})

test('le, quantile, the overflow label and keys with two leading underscores are refused at definition', () => {
  for (const key of ['le', 'quantile', 'tallyscope_overflow', 'tallyscope.overflow', '__name__', '__x', '__proto__']) {
    // In an object literal a computed __proto__ is a property like any other.
    expect([key, refusals(key)]).toEqual([key, everyWay('ERR_LABEL_RESERVED')])
  }
})

test('an empty key, one of 256 characters and one of 1 MB are refused at definition, and left out of tag maps', () => {
  const keys = ['', 'k'.repeat(256), 'k'.repeat(1 << 20)]
  for (const key of keys) expect(refusals(key)).toEqual(everyWay('ERR_KEYS'))
  const before = selfValue('tallyscope_refused_tags_total', 'key')
  const tags = TagMap.of(Object.fromEntries([...keys, 'k'.repeat(255)].map((key) => [key, 'x'])))
  expect([tags.size, selfValue('tallyscope_refused_tags_total', 'key') - before]).toEqual([1, 3])
  expect(refusals('k'.repeat(255))).toEqual([undefined, undefined, undefined, undefined])
})

test('a message about a key of 1 MB is short', () => {
  const { stats, measure } = setUp([])
  const define = () => stats.viewManager.registerView({ name: 'long', measure, tagKeys: ['k'.repeat(1 << 20)], aggregation: count() })
  expect(define).toThrow(/^.{20,300}$/)
})

test('equal tags in different order are one row, in every format', async () => {
  const { stats, record, name } = setUp(['b', 'a', 'c'])
  for (const tags of [
    { a: 1, b: 2, c: 3 },
    { c: 3, b: 2, a: 1 },
    { b: 2, extra: 9, c: 3, a: 1 },
  ]) {
    record(tags)
    record(TagMap.of(tags))
  }
  await expectEverywhere(stats, [[`${name}_total`, { a: '1', b: '2', c: '3' }, 6]])
})

test('names on Object.prototype are ordinary keys, set or not, in every format', async () => {
  const { stats, record, name } = setUp([...INHERITED])
  record({})
  record(Object.fromEntries(INHERITED.map((key) => [key, `own ${key}`])))
  record(TagMap.of({ constructor: 'x', toString: 'y' } as unknown as Tags))
  record(JSON.parse('{"__proto__":{"valueOf":"polluted"},"constructor":"x","toString":"y"}'))
  await expectEverywhere(stats, [
    [`${name}_total`, {}, 1],
    [`${name}_total`, Object.fromEntries([...INHERITED].sort().map((key) => [key, `own ${key}`])), 1],
    [`${name}_total`, { constructor: 'x', toString: 'y' }, 2],
  ])
  expect([Object.keys(Object.prototype), ({} as { polluted?: string }).polluted]).toEqual([[], undefined])
})

test('a view may declare values for some keys while other keys have names on Object.prototype', () => {
  const { stats, measure } = setUp([])
  for (const [at, key] of INHERITED.entries()) {
    const name = `${measure.name}/declared${at}`
    stats.viewManager.registerView({ name, measure, tagKeys: ['a', key], tagValues: { a: ['x', 'y'] }, aggregation: count() })
    expect(rowsOf(stats, name)).toEqual([`a=x ${key}=-: 0`, `a=y ${key}=-: 0`])
    stats.viewManager.unregisterView(name)
  }
})

test('unusual tag objects are read as properties, and symbols are ignored', () => {
  const { record, rows, dropped } = setUp(['a'])
  class Tagged {
    readonly #a = 'class'
    get a(): string {
      return this.#a
    }
  }
  record(new Tagged())
  record(Object.create({ a: 'inherited' }))
  record(new Proxy({ a: 'proxy' }, {}))
  record(Object.assign(Object.create(null), { a: 'bare' }))
  record(Object.freeze({ a: 'frozen' }))
  record({ [Symbol('a')]: 'symbol', [Symbol.toPrimitive]: fails })
  record(new Map([['a', 'in a map']]))
  expect(rows()).toEqual(['a=class: 1', 'a=inherited: 1', 'a=proxy: 1', 'a=bare: 1', 'a=frozen: 1', 'a=-: 2'])
  expect(dropped()).toEqual([0, 0])
})

test('tags that throw when read drop their record, which is counted, and the next one is recorded', () => {
  const { record, rows, dropped } = setUp(['a', 'b'])
  const thrown = [
    {
      b: 'x',
      get a() {
        return fails()
      },
    }, // prettier-ignore
    {
      a: 'x',
      get b() {
        throw undefined
      },
    }, // prettier-ignore
    new Proxy({}, { get: fails }),
    new Proxy({ a: 'x' }, { getPrototypeOf: fails }),
    revoked,
  ]
  for (const [at, tags] of thrown.entries()) {
    record(tags)
    record({ a: 'good' })
    expect([rows(), dropped()]).toEqual([[`a=good b=-: ${at + 1}`], [at + 1, at + 1]])
  }
})

test('a handle of tags that cannot be read has no tags, and is counted', () => {
  const { stats, measure, rows } = setUp(['a'])
  const before = selfValue('tallyscope_refused_tags_total', 'unreadable')
  for (const tags of [
    revoked,
    {
      get a() {
        return fails()
      },
    },
    new Proxy({}, { ownKeys: fails }),
  ])
    stats.bind(measure, tags as Tags).record(1) // prettier-ignore
  expect([rows(), selfValue('tallyscope_refused_tags_total', 'unreadable') - before]).toEqual([['a=-: 3'], 3])
})

test('null means no tags, and other values that are not objects drop their record, which is counted', () => {
  const { record, rows, dropped } = setUp(['a'])
  for (const none of [null, undefined, {}, [], ['x'], [['a', 'x']], new Date(0)]) record(none)
  expect([rows(), dropped()]).toEqual([['a=-: 7'], [0, 0]])
  for (const wrong of [5, 0, Number.NaN, 'a', '', true, 5n, () => ({ a: 'x' }), Symbol('a')]) record(wrong)
  expect([rows(), dropped()]).toEqual([['a=-: 7'], [9, 9]])
})

test('an instrument drops and counts values whose labels are invalid or cannot be read', () => {
  const name = `tagkeys${engines++}`
  const registry = new MetricRegistry()
  const gauge = registry.gauge(name, { labelKeys: ['a'] })
  const cumulative = registry.cumulative(`${name}/sum`, { labelKeys: ['a'] })
  for (const labels of [
    7,
    'x',
    () => 1,
    revoked,
    { a: {} },
    {
      get a() {
        return fails()
      },
    },
  ]) {
    // prettier-ignore
    gauge.set(1, labels as { a: string })
    gauge.add(1, labels as { a: string })
    cumulative.add(1, labels as { a: string })
  }
  expect(registry.getMetrics()).toEqual([])
  expect([name, `${name}/sum`].map((one) => selfValue('tallyscope_dropped_instrument_values_total', one, 'labels'))).toEqual([12, 6])
  gauge.set(1, { a: 'x' })
  expect(registry.getMetrics()).toHaveLength(1)
})

test('only the tags of the view are read out of a thousand, by every way to record', () => {
  const { stats, measure, record, rows } = setUp(['a'])
  let read = 0
  const many = Object.defineProperties(
    { a: 'x' },
    Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, { get: () => read++, enumerable: true }])),
  )
  record(many)
  stats.statsRecorder.newMeasurementMap().put(measure, 1).record(many)
  expect([rows(), read]).toEqual([['a=x: 2'], 0])
  expect(() =>
    stats.viewManager.registerView({ name: 'wide', measure, tagKeys: Array.from({ length: 33 }, (_, n) => `k${n}`), aggregation: count() }),
  ).toThrow(expect.objectContaining({ code: 'ERR_KEYS' }))
})

test('keys that differ by case are two keys', async () => {
  const { stats, record, name } = setUp(['user', 'User', 'USER'])
  record({ User: 'x', user: 'y' })
  await expectEverywhere(stats, [[`${name}_total`, { User: 'x', user: 'y' }, 1]])
})

test('keys that become one label are refused at definition, including constant labels', () => {
  const registry = new MetricRegistry({ constantLabels: { 'my-zone': 'x' } })
  const { stats, measure } = setUp([])
  const ways = [
    () => stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['http.route', 'http_route'], aggregation: count() }),
    () => new MetricRegistry().gauge('g', { labelKeys: ['a b', 'a-b'] }),
    () => new MetricRegistry().gauge('g', { labelKeys: ['0', '_0'] }),
    () => registry.gauge('g', { labelKeys: ['my.zone'] }),
    () => registry.stateSet('s', { states: ['on'], labelKeys: ['my zone'] }),
  ]
  for (const define of ways) expect(define).toThrow(expect.objectContaining({ code: 'ERR_LABEL_CLASH' }))
  expect(registry.getMetrics()).toEqual([])
  registry.gauge('g', { labelKeys: ['a'] }).set(1, { a: 'x' }) // the refused one has taken no name
})

test('changing lists of keys and bounds after a definition has no effect', async () => {
  const { stats, measure } = setUp([])
  const tagKeys = ['a']
  const bounds = [1, 2]
  const tagValues = { a: ['x'] }
  stats.viewManager.registerView({ name: 'kept', measure, tagKeys, tagValues, aggregation: sum() })
  stats.viewManager.registerView({ name: 'hist', measure, tagKeys, aggregation: distribution(bounds) })
  tagKeys[0] = 'b'
  tagKeys.push('le')
  bounds.length = 0
  tagValues.a.push('later')
  stats.record(measure, 1.5, { a: 'x', b: 'y' })
  expect(rowsOf(stats, 'kept')).toEqual(['a=x: 1.5'])
  expect(stats.viewManager.getView('hist')!.rows[0]!.data).toMatchObject({ bounds: [1, 2], bucketCounts: [0, 1, 0] })
  await readBack(stats)
})

test('changing tags after they were recorded has no effect', () => {
  const { stats, measure, record, rows } = setUp(['a'])
  const tags: Record<string, string> = { a: 'first' }
  const handle = stats.bind(measure, tags)
  const map = TagMap.of(tags)
  record(tags)
  tags['a'] = 'second'
  record(tags)
  handle.record(1)
  record(map)
  expect(rows()).toEqual(['a=first: 3', 'a=second: 1'])
  expect(() => Object.assign(map.record, { a: 'third' })).toThrow(TypeError)
})
