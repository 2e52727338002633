import { describe, expect, test } from 'vitest'
import { count, distribution, exponential, lastValue, percentiles, sum, type Aggregation } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { checkSameView } from '../../../src/stats/views/same-view.js'
import { View, type ViewOptions } from '../../../src/stats/views/view.js'

const stats = new Stats()
const plain = stats.measure('plain', { unit: 's', description: 'Plain' })
const whole = stats.measure('whole', { unit: 'By', type: 'int64' })
const signed = stats.measure('signed', { unit: 's', signed: true })
const keyed = stats.measure('keyed', { tagKeys: ['a', 'b'] })
const viewOf = (options: object) => new View({ name: 'v', measure: plain, aggregation: count(), ...options } as ViewOptions)

test('a view has the description of the measure and no tags by default', () => {
  expect(viewOf({})).toMatchObject({ name: 'v', tagKeys: [], description: 'Plain', rowLimit: undefined, idleExpiryMs: undefined })
  expect(viewOf({ description: 'Own' }).description).toBe('Own')
})

test('a view is immutable and independent of its input', () => {
  const tagKeys = ['a', 'b']
  const tagValues = { a: ['x'], b: [1] }
  const view = viewOf({ tagKeys, tagValues })
  tagKeys.push('c')
  tagValues.a.push('y')
  expect([view.tagKeys, view.tagValues]).toEqual([['a', 'b'], { a: ['x'], b: [1] }])
  expect([view, view.tagKeys, view.tagValues, view.tagValues!['a'], view.descriptor].every(Object.isFrozen)).toBe(true)
})

describe('the metric of a view', () => {
  test.each([
    [plain, count(), 'CUMULATIVE_INT64', '1'],
    [plain, sum(), 'CUMULATIVE_DOUBLE', 's'],
    [whole, sum(), 'CUMULATIVE_INT64', 'By'],
    [signed, sum(), 'GAUGE_DOUBLE', 's'],
    [signed, count(), 'CUMULATIVE_INT64', '1'],
    [plain, lastValue(), 'GAUGE_DOUBLE', 's'],
    [whole, lastValue(), 'GAUGE_INT64', 'By'],
    [plain, distribution([1]), 'CUMULATIVE_DISTRIBUTION', 's'],
  ] as const)('$name, %j: %s in %s', (measure, aggregation, type, unit) => {
    expect(viewOf({ measure, aggregation, tagKeys: ['a'] }).descriptor).toEqual({
      name: 'v',
      description: measure.description,
      type,
      unit,
      labelKeys: ['a'],
    })
  })
})

describe('bounds below 0 are dropped if no value can be below 0', () => {
  test.each([
    [plain, [0, 1]],
    [signed, [-1, 0, 1]],
  ] as const)('$name', (measure, bounds) => {
    const view = viewOf({ measure, aggregation: distribution([-1, 0, 1]) })
    expect(view.aggregation).toEqual({ kind: 'distribution', bounds })
    expect(Object.isFrozen((view.aggregation as { bounds: unknown }).bounds)).toBe(true)
  })
})

test('a view may have context tags outside of its measure; its labels are the tag keys, then these', () => {
  const contextTags = ['tenant', 'a']
  const view = viewOf({ measure: keyed, tagKeys: ['b'], contextTags })
  contextTags.push('c')
  expect([view.tagKeys, view.contextTags, view.descriptor.labelKeys]).toEqual([['b'], ['tenant', 'a'], ['b', 'tenant', 'a']])
  expect([view.contextTags, view.descriptor.labelKeys].every(Object.isFrozen)).toBe(true)
  expect(viewOf({}).contextTags).toEqual([])
})

test.each<[string, string, object]>([
  ['ERR_NAME', 'no name', { name: '' }],
  ['ERR_VIEW_MEASURE', 'no measure', { measure: undefined }],
  ['ERR_VIEW_MEASURE', 'what looks like a measure', { measure: { name: 'm', groups: [] } }],
  ['ERR_VIEW_AGGREGATION', 'no aggregation', { aggregation: undefined }],
  ['ERR_VIEW_AGGREGATION', 'an unknown aggregation', { aggregation: { kind: 'median' } }],
  [
    'ERR_BUCKET_BOUNDS',
    'an aggregation of wrong bounds, made by hand',
    { aggregation: { kind: 'distribution', bounds: [2, 1] } as Aggregation },
  ],
  ['ERR_KEYS', 'keys twice', { tagKeys: ['a', 'a'] }],
  ['ERR_KEYS', '33 keys', { tagKeys: Array.from({ length: 33 }, (_, at) => `k${at}`) }],
  ['ERR_KEYS', 'a key that the measure has not', { measure: keyed, tagKeys: ['c'] }],
  ['ERR_KEYS', 'context tags twice', { contextTags: ['a', 'a'] }],
  ['ERR_KEYS', 'one context tag instead of a list', { contextTags: 'a' }],
  ['ERR_KEYS', 'a key that is both a tag key and a context tag', { tagKeys: ['b', 'a'], contextTags: ['a'] }],
  ['ERR_KEYS', '33 keys with the context tags', { tagKeys: ['a'], contextTags: Array.from({ length: 32 }, (_, at) => `k${at}`) }],
  ['ERR_OPTION', 'an exactName that is no boolean', { exactName: 'yes' }],
  ['ERR_OPTION', 'no rows', { rowLimit: 0 }],
  ['ERR_OPTION', 'half a row', { rowLimit: 0.5 }],
  ['ERR_OPTION', 'an expiry below a second', { idleExpiryMs: 999 }],
  ['ERR_OPTION', 'an expiry that is no number', { idleExpiryMs: '5000' }],
  ['ERR_TAG_VALUES', 'a declared text instead of a list', { tagKeys: ['a'], tagValues: { a: 'GET' } }],
  ['ERR_TAG_VALUES', 'declared values of another key', { tagKeys: ['a'], tagValues: { b: ['x'] } }],
  ['ERR_TAG_VALUES', 'a declared object', { tagKeys: ['a'], tagValues: { a: [{}] } }],
  ['ERR_TAG_VALUES', 'no record of lists', { tagKeys: ['a'], tagValues: ['a'] }],
  ['ERR_TAG_VALUES', 'null', { tagKeys: ['a'], tagValues: null }],
])('%s: %s', (code, _what, options) => {
  expect(() => viewOf(options)).toThrow(expect.objectContaining({ name: 'DefinitionError', code }))
})

test('an aggregation as plain data has the defaults of the function that creates it', () => {
  for (const made of [exponential(), percentiles(), distribution(), lastValue()]) {
    const byHand = { kind: made.kind } as Aggregation
    expect([made.kind, viewOf({ aggregation: byHand }).aggregation]).toEqual([made.kind, viewOf({ aggregation: made }).aggregation])
  }
  const byHand = { kind: 'percentiles' } as Aggregation
  expect(new Stats().registerView({ name: 'v', measure: 'later', aggregation: byHand }).rows).toEqual([])
})

describe('views are equal', () => {
  const same = { tagKeys: ['a', 'b'], tagValues: { a: ['x'], b: [1] }, rowLimit: 5, idleExpiryMs: 1_000, aggregation: distribution([1, 2]) }
  test.each<[string, object, boolean]>([
    ['to themselves made again', { tagValues: { b: [1], a: ['x'] }, aggregation: distribution([1, 2, Infinity]) }, true],
    ['whatever their descriptions', { description: 'other' }, true],
    ['with their keys in another order', { tagKeys: ['b', 'a'], tagValues: { b: [1], a: ['x'] } }, true],
    ['with the same keys only', { tagKeys: ['a', 'b', 'c'] }, false],
    ['with the same context tags only', { contextTags: ['c'] }, false],
    ['with the same measure only', { measure: whole }, false],
    ['with the same bounds only', { aggregation: distribution([1, 3]) }, false],
    ['with the same limit only', { rowLimit: 6 }, false],
    ['with the same expiry only', { idleExpiryMs: undefined }, false],
    ['with the same declared values only', { tagValues: { a: ['x'], b: [2] } }, false],
    ['with the same kind of aggregation only', { aggregation: count() }, false],
  ])('%s', (_what, options, equal) => {
    const check = () => checkSameView(viewOf(same), viewOf({ ...same, ...options }))
    if (equal) check()
    else expect(check).toThrow(expect.objectContaining({ code: 'ERR_VIEW_CONFLICT' }))
  })
})

describe('aggregations are equal', () => {
  test.each<[string, Aggregation, Aggregation, boolean]>([
    ['in any order of options', percentiles({ quantiles: [1], windows: 3 }), percentiles({ windows: 3, quantiles: [1] }), true],
    ['in any order of quantiles', percentiles({ quantiles: [0.5, 1] }), percentiles({ quantiles: [1, 0.5] }), true],
    ['with a default that is given', percentiles({ lowest: 1e-9 }), percentiles(), true],
    ['with other windows only', percentiles({ windows: 3 }), percentiles(), false],
    ['with a growth factor that is the schema', exponential({ growthFactor: 2 }), exponential({ schema: 0 }), true],
    ['with other bounds of the exponential buckets', exponential({ bounds: [1] }), exponential(), false],
    ['with the default rule', lastValue({ merge: 'sum' }), lastValue(), true],
    ['with another rule', lastValue({ merge: 'max' }), lastValue(), false],
  ])('%s', (_what, one, other, equal) => {
    const check = () => checkSameView(viewOf({ aggregation: one }), viewOf({ aggregation: other }))
    if (equal) check()
    else expect(check).toThrow(expect.objectContaining({ code: 'ERR_VIEW_CONFLICT' }))
  })

  test('and a conflict shows the rule of both', () => {
    const check = () => checkSameView(viewOf({ aggregation: lastValue() }), viewOf({ aggregation: lastValue({ merge: 'max' }) }))
    expect(check).toThrow('view "v" exists with merge "sum"; this one has merge "max". Unregister it first.')
  })
})
