import { expect, test, vi } from 'vitest'
import { Label } from '../../../src/metrics/labels/label-dictionary.js'

const NOT_SET = [undefined, null, '', Number.NaN]
/** Whether the record path asks the object, and not the map, for a text of this length. */
const asksObject = (label: Label, length: number) => length <= label.longest

function labelOf(...strings: string[]): Label {
  const label = new Label('a', 256)
  for (const text of strings) label.intern(text)
  return label
}

test('an unset value has id 0 from the start, and after a reset', () => {
  const label = labelOf()
  expect([...NOT_SET.map((value) => label.idOf(value)), label.byString['']]).toEqual([0, 0, 0, 0, 0])
  label.intern('x')
  label.reset()
  expect([...NOT_SET.map((value) => label.idOf(value)), label.byString['']]).toEqual([0, 0, 0, 0, 0])
})

test('each string has an id, found by the map and by the object', () => {
  const label = new Label('a', 256)
  expect(['x', 'y', 'x', '__proto__'].map((text) => label.intern(text))).toEqual([1, 2, 1, 3])
  expect(label.strings).toEqual([undefined, 'x', 'y', '__proto__'])
  for (const [text, id] of [
    ['x', 1],
    ['y', 2],
    ['__proto__', 3],
    ['other', undefined],
    ['constructor', undefined],
  ] as const) {
    expect([label.idOf(text), label.byString[text]]).toEqual([id, id])
  } // prettier-ignore
})

test('the object is used for strings up to its longest one, and not while it is empty', () => {
  const label = labelOf()
  expect(asksObject(label, 0)).toBe(false)
  label.intern('four')
  label.intern('two')
  expect([asksObject(label, 4), asksObject(label, 5)]).toEqual([true, false])
  label.intern('longer')
  expect([asksObject(label, 6), asksObject(label, 7)]).toEqual([true, false])
})

test('the object is not used while unknown strings are frequent, and used again later', () => {
  const label = labelOf('four', 'two')
  label.useMap()
  expect([asksObject(label, 0), label.idOf('four')]).toEqual([false, 1])
  label.useObject()
  expect([asksObject(label, 4), asksObject(label, 5)]).toEqual([true, false])
  const empty = labelOf()
  empty.useObject()
  expect([asksObject(empty, 0), asksObject(empty, 1)]).toEqual([true, false])
})

test('with 1,024 strings or more only the map is used, and the object stops growing', () => {
  const label = labelOf(...Array.from({ length: 1_023 }, (_, n) => `text ${n}`))
  expect([asksObject(label, 9), label.byString['text 1022']]).toEqual([true, 1_023])
  label.useMap()
  label.useObject()
  expect(asksObject(label, 9)).toBe(true)
  expect(label.intern('text 1023')).toBe(1_024)
  label.useObject()
  expect([asksObject(label, 0), label.byString['text 1023'], label.idOf('text 1023')]).toEqual([false, undefined, 1_024])
})

test('after a reset no string is found, and ids begin at 1', () => {
  const label = labelOf('x', 'y')
  label.rememberForm(7, '7', label.intern('7'))
  label.reset()
  expect([label.strings, label.idOf('x'), label.idOf(7), label.byString['x'], asksObject(label, 0)]).toEqual([
    [undefined],
    undefined,
    undefined,
    undefined,
    false,
  ])
  expect(label.intern('y')).toBe(1)
})

test('numbers and booleans are remembered beside their strings if they are integers', () => {
  const label = labelOf('200', 'true', 'text', '12')
  label.rememberForm(200, '200', 1)
  label.rememberForm(true, 'true', 2)
  label.rememberForm(200n, '200', 1)
  label.rememberForm(12_345, '12', 4)
  expect([200, true, 200n, 12_345].map((value) => label.idOf(value))).toEqual([1, 2, undefined, undefined])
})

test('a string of more than twice the limit is unknown without being hashed', () => {
  const label = new Label('a', 2)
  const id = label.intern('\u{1f600}\u{1f600}') // two code points
  const lookUp = vi.spyOn(label.ids, 'get')
  expect([label.idOf('\u{1f600}\u{1f600}'), lookUp.mock.calls.length]).toEqual([id, 1])
  expect([label.idOf('abcde'), lookUp.mock.calls.length]).toEqual([undefined, 1])
})

test('an unknown value is looked up again only if its string differs, and is found once it is added', () => {
  const label = labelOf('x', '7', 'ab\ufffd')
  const lookup = vi.spyOn(label.ids, 'get')
  expect([label.idOf('new'), label.idByString('new'), lookup.mock.calls.length]).toEqual([undefined, undefined, 1])
  expect([label.idOf(7), label.idByString(7), label.idOf(7), lookup.mock.calls.length]).toEqual([undefined, 2, 2, 4])
  expect([label.idOf('ab\ud800'), label.idByString('ab\ud800')]).toEqual([undefined, 3])
  expect([label.intern('new'), label.idOf('new')]).toEqual([4, 4])
})

test('ids fit as long as their bits have room for one more than the last', () => {
  const label = labelOf('1', '2', '3')
  label.bits = 2
  expect(label.fits).toBe(true)
  label.intern('4')
  expect(label.fits).toBe(false)
})

test('the record path finds each string and each other form of it', () => {
  const label = labelOf('x', 'y', '7')
  label.rememberForm(7, '7', 3)
  const found = ['x', 'y', '7', 7, undefined, null, '', Number.NaN].map((value) => label.find(value))
  expect(found).toEqual([1, 2, 3, 3, 0, 0, 0, 0])
  expect(['z', 'xx', 8, true, {}].map((value) => label.find(value))).toEqual([undefined, undefined, undefined, undefined, undefined])
})

/** Where to look for ids, and to fail for doing so. */
function forbid(label: Label, ...ways: ('byString' | 'ids')[]): Label {
  const fail = (): never => {
    throw new Error('not to be lookUp')
  }
  if (ways.includes('byString')) label.byString = new Proxy(Object.create(null), { get: fail })
  if (ways.includes('ids')) label.ids.get = fail
  return label
}

test('up to 64 strings are found by their characters alone, including the shortest and the longest', () => {
  const strings = Array.from({ length: 63 }, (_, n) => `text ${n}`)
  const label = forbid(labelOf('x', ...strings), 'byString', 'ids')
  expect(['x', ...strings].map((text) => label.find(text))).toEqual(Array.from({ length: 64 }, (_, n) => n + 1))
})

test('more strings are found by the object alone, including the longest', () => {
  const strings = Array.from({ length: 80 }, (_, n) => `text ${n}`)
  const label = forbid(labelOf(...strings), 'ids')
  expect(strings.map((text) => label.find(text))).toEqual(strings.map((_, n) => n + 1))
})

test('the record path finds all strings, also while unknown ones are frequent', () => {
  for (const count of [1, 64, 65, 1_023, 1_100]) {
    const label = labelOf(...Array.from({ length: count }, (_, n) => `text ${n}`))
    const all = Array.from({ length: count }, (_, n) => n + 1)
    const found = () => all.map((id) => label.find(`text ${id - 1}`))
    expect(found()).toEqual(all)
    label.useMap()
    expect([found(), label.find('another')]).toEqual([all, undefined])
  }
})

test('after a reset the record path finds no string', () => {
  const label = labelOf('x', 'y')
  label.reset()
  expect([label.find('x'), label.find('')]).toEqual([undefined, 0])
  expect([label.intern('y'), label.find('y'), label.find('x')]).toEqual([1, 1, undefined])
})
