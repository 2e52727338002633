import { fc } from '../fast-check.js'
import { expect, test } from 'vitest'
import { type JsonLine, jsonLine, jsonLineInSteps } from '../../src/exporters/json-lines.js'

test.each<[string, unknown, string]>([
  [
    'numbers that JSON does not have are spelled out',
    [Number.NaN, Number.POSITIVE_INFINITY, { a: Number.NEGATIVE_INFINITY }],
    '["NaN","Infinity",{"a":"-Infinity"}]',
  ],
  ['null stays null', { a: null, b: [undefined] }, '{"a":null,"b":[null]}'],
  ['the word null in a string changes nothing', { a: 'null', b: 1.5 }, '{"a":"null","b":1.5}'],
  ['toJSON of an item is used', { toJSON: () => ({ mine: true }) }, '{"mine":true}'],
  ['control characters of terminals are escaped', '\u001b[31m \u009b1m \u007f', '"\\u001b[31m \\u009b1m \\u007f"'],
  ['line ends of any kind are escaped', 'a\nb\r\u2028\u2029', '"a\\nb\\r\\u2028\\u2029"'],
  ['lone surrogates are escaped', '\ud800', '"\\ud800"'],
])('%s', (_, item, text) => {
  expect(jsonLine(item)).toEqual({ text })
})

test.each<[string, unknown]>([
  [
    'a getter that throws',
    {
      get a() {
        throw new Error('no')
      },
    },
  ],
  [
    'a cycle',
    (() => {
      const a: unknown[] = []
      a.push(a)
      return a
    })(),
  ],
  ['a BigInt', { a: 1n }],
  ['nothing', undefined],
  ['a function', () => {}],
])('%s has an error instead of a line', (_, item) => {
  const line = jsonLine(item)
  expect(line.text).toBeUndefined()
  expect(line.error).toBeInstanceOf(Error)
})

test('any item is one line that parses to the same item', () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false } as never), (json) => {
      const item = JSON.parse(json)
      const { text } = jsonLine(item)
      expect(text).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      expect(JSON.parse(text!)).toEqual(item)
    }),
  )
})

/** The line of an item, and in how many steps it was made. */
function inSteps(item: unknown): { line: JsonLine; steps: number } {
  const making = jsonLineInSteps(item)
  for (let steps = 1; ; steps++) {
    const { done, value } = making.next()
    if (done === true) return { line: value, steps }
  }
}

test('steps make the same line, whatever the series and the other properties are', () => {
  const series = fc.array(
    fc.oneof(fc.double(), fc.string({ unit: 'binary' }), fc.constant(undefined), fc.dictionary(fc.string(), fc.double())),
    { maxLength: 100 },
  )
  const beside = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.double(), fc.string(), fc.constant(undefined)))
  fc.assert(
    fc.property(beside, series, beside, (before, timeSeries, after) => {
      for (const item of [{ ...before, timeSeries, ...after }, { timeSeries }, { timeSeries, a: { timeSeries: [] } }]) {
        expect(inSteps(item).line).toEqual(jsonLine(item))
      }
    }),
  )
})

test('a metric of many series takes many steps, other items take one', () => {
  const timeSeries = Array.from({ length: 1_000 }, (_, i) => ({ labelValues: [`${i}`], points: [] }))
  expect(inSteps({ descriptor: {}, timeSeries }).steps).toBe(33)
  expect(inSteps({ descriptor: {}, timeSeries: timeSeries.slice(0, 32) }).steps).toBe(1)
  for (const item of [undefined, null, 1, [], { a: timeSeries }, { timeSeries: 'a' }])
    expect(inSteps(item)).toEqual({ line: jsonLine(item), steps: 1 })
})

test('toJSON of an item is used in steps too', () => {
  const timeSeries = Array.from({ length: 100 }, (_, i) => i)
  expect(inSteps({ timeSeries, toJSON: () => 'mine' }).line).toEqual({ text: '"mine"' })
})

test('an item with a series that has no JSON form has no line', () => {
  const timeSeries: unknown[] = Array.from({ length: 100 }, (_, i) => i)
  timeSeries[99] = 1n
  expect(inSteps({ timeSeries }).line.error).toBeInstanceOf(TypeError)
  expect(inSteps({ timeSeries: [...timeSeries.slice(0, 99)], other: 1n }).line.error).toBeInstanceOf(TypeError)
})
