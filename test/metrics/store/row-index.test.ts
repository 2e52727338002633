import { fc } from '../../fast-check.js'
import { describe, expect, test } from 'vitest'
import { storedString } from '../../../src/metrics/labels/label-value.js'
import { NO_ROW, REFUSED, RowIndex } from '../../../src/metrics/store/row-index.js'
import type { Labels } from '../../../src/metrics/labels/shared-tag-map.js'
import { amount } from '../../faults/amount.js'

/** An index with rows numbered as they are made, looked up as a store does. */
class Rows {
  readonly index: RowIndex
  readonly keys: readonly string[]
  made = 0
  cut = 0
  constructor(keys: readonly string[], maxLength = 256) {
    this.keys = keys
    this.index = new RowIndex(keys, maxLength, () => this.cut++)
  }

  find(labels: unknown): number {
    const row = this.index.find(labels as Labels)
    if (row !== NO_ROW) return row
    const values = this.index.read(labels as Labels)
    const known = this.index.findValues(values)
    if (known !== NO_ROW) return known
    this.index.insert(values, this.made)
    return this.made++
  }

  texts(row: number): (string | undefined)[] {
    return this.keys.map((_, at) => this.index.text(row, at))
  }
}

/** Looks each set of labels up in turn, twice over, and compares the rows found and the texts that they then have. */
function check(keys: string[], lookups: unknown[], rows: number[], texts: (string | undefined)[][]): void {
  const all = new Rows(keys)
  expect(lookups.map((labels) => all.find(labels))).toEqual(rows)
  expect(lookups.map((labels) => all.find(labels))).toEqual(rows)
  expect(texts.map((_, row) => all.texts(row))).toEqual(texts)
  expect(all.made).toBe(texts.length)
}

test('equal labels share a row, in any order', () => {
  check(
    ['a', 'b'],
    [
      { a: 'x', b: 'y' },
      { b: 'y', a: 'x' },
    ],
    [0, 0],
    [['x', 'y']],
  )
})

test('swapped values are two rows', () => {
  check(
    ['a', 'b'],
    [
      { a: 'x', b: 'y' },
      { a: 'y', b: 'x' },
    ],
    [0, 1],
    [
      ['x', 'y'],
      ['y', 'x'],
    ],
  )
})

test('absent, undefined, null, empty and NaN values are one row', () => {
  check(['a'], [{}, { a: undefined }, { a: null }, { a: '' }, { a: NaN }], [0, 0, 0, 0, 0], [[undefined]])
})

test('a number shares the row of its string, −0 that of 0, a BigInt too', () => {
  check(['a'], [{ a: 200 }, { a: '200' }, { a: 200n }, { a: 0 }, { a: -0 }, { a: '0' }], [0, 0, 0, 1, 1, 1], [['200'], ['0']])
})

test('a number or a boolean is found at once after it was given, whether it or its string came first', () => {
  const rows = new Rows(['a'])
  expect([rows.find({ a: 7 }), rows.find({ a: '8' }), rows.find({ a: 8 }), rows.find({ a: true })]).toEqual([0, 1, 1, 2])
  expect([7, '7', 8, '8', true, 'true'].map((a) => rows.index.find({ a }))).toEqual([0, 0, 1, 1, 2, 2])
})

test('numbers become strings as in JavaScript', () => {
  check(['a'], [{ a: 1e21 }, { a: '1e+21' }, { a: 0.1 }, { a: Infinity }], [0, 0, 1, 2], [['1e+21'], ['0.1'], ['Infinity']])
})

test('a boolean shares the row of its string, and not that of 1', () => {
  check(['a'], [{ a: true }, { a: 'true' }, { a: 1 }, { a: false }], [0, 0, 1, 2], [['true'], ['1'], ['false']])
})

test('other properties are ignored', () => {
  check(
    ['a'],
    [{ a: 'x' }, { a: 'x', b: 'y' }, Object.fromEntries([['a', 'x'], ...Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n])])],
    [0, 0, 0],
    [['x']],
  )
})

test('values that are equal when joined are different rows', () => {
  const parts = ['', ',', '|', '\0', 'ÿ', '","', '\u001f', 'a', 'a,', ',a', 'a|b', '\\']
  const lookups = parts.flatMap((a) => parts.map((b) => ({ a, b })))
  const texts = lookups.map(({ a, b }) => [a || undefined, b || undefined])
  check(
    ['a', 'b'],
    lookups,
    lookups.map((_, at) => at),
    texts,
  ) // prettier-ignore
})

test('names on Object.prototype are plain data, as keys and as values', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
  for (const key of names) {
    const own = (value: string) => Object.defineProperty({}, key, { value, enumerable: true })
    check([key], [{}, ...names.map(own), {}], [0, 1, 2, 3, 4, 5, 0], [[undefined], ...names.map((name) => [name])])
  }
  expect(Object.keys(Object.prototype)).toEqual([])
})

test('keys that differ by case or by accents are different', () => {
  check(
    ['a', 'A'],
    [{ a: 'x' }, { A: 'x' }],
    [0, 1],
    [
      ['x', undefined],
      [undefined, 'x'],
    ],
  ) // prettier-ignore
})

describe('labels are read as properties', () => {
  class Tags {
    a = 'own'
    get b(): string {
      return 'x'
    }
  }
  const inheriting = Object.assign(Object.create({ b: 'x' }) as object, { a: 'own' })
  test.each<[string, unknown]>([
    ['of a class instance', new Tags()],
    ['of an object with a prototype', inheriting],
  ])('%s', (_name, labels) => {
    check(['a', 'b'], [labels, { a: 'own', b: 'x' }, labels], [0, 0, 0], [['own', 'x']])
  })
  test('of an object without a prototype', () => {
    check(['a'], [Object.assign(Object.create(null) as object, { a: 'x' }), { a: 'x' }], [0, 0], [['x']])
  })
  test('except those of Object.prototype', () => {
    check(
      ['constructor', 'toString'],
      [{}, new Tags(), { toString: 'x' }],
      [0, 0, 1],
      [
        [undefined, undefined],
        [undefined, 'x'],
      ],
    ) // prettier-ignore
  })
})

describe('an object used repeatedly', () => {
  const MANY = 200

  test('is read each time', () => {
    const rows = new Rows(['a', 'b'])
    const labels = { a: 'x', b: 'y' }
    for (let n = 0; n < MANY; n++) expect(rows.find(labels)).toBe(0)
    labels.b = 'z'
    expect(rows.find(labels)).toBe(1)
    labels.b = 'y'
    expect(rows.find(labels)).toBe(0)
    labels.a = 'z'
    expect(rows.find(labels)).toBe(2)
  })

  test('is not found after its row was removed, nor is another with the same labels', () => {
    const rows = new Rows(['a'])
    const labels = { a: 'x' }
    rows.find({ a: 'other' })
    for (let n = 0; n < MANY; n++) expect(rows.find(labels)).toBe(1)
    rows.index.remove(new Set([1]))
    expect([rows.index.find(labels), rows.index.find({ a: 'x' }), rows.index.find({ a: 'other' })]).toEqual([NO_ROW, NO_ROW, 0])
  })

  test('is found once its row is made', () => {
    const rows = new Rows(['a', 'b'])
    rows.find({ a: 'x', b: 'y' })
    rows.find({ a: 'z', b: 'w' })
    const labels = { a: 'x', b: 'w' } // known values that have no row together
    for (let n = 0; n < MANY; n++) expect(rows.index.find(labels)).toBe(NO_ROW)
    expect(rows.find(labels)).toBe(2)
    for (let n = 0; n < MANY; n++) expect(rows.index.find(labels)).toBe(2)
  })

  test('is another row if its only label changes or is unset', () => {
    const rows = new Rows(['a'])
    expect([rows.find({}), rows.find({ a: 'y' })]).toEqual([0, 1])
    for (const [value, row] of [
      ['y', 1],
      [undefined, 0],
      [null, 0],
      [7, 2],
    ] as const) {
      const labels: { a: unknown } = { a: 'x' }
      const own = rows.find(labels)
      for (let n = 0; n < MANY; n++) expect(rows.find(labels)).toBe(own)
      labels.a = value
      expect(rows.find(labels)).toBe(row === 2 ? rows.made - 1 : row)
      labels.a = 'x'
      expect(rows.find(labels)).toBe(own)
    } // prettier-ignore
  })
})

test('objects, functions and symbols are refused and never converted', () => {
  const hostile = { toString: () => expect.fail('toString'), valueOf: () => expect.fail('valueOf'), toJSON: () => expect.fail('toJSON') }
  const refused = [hostile, {}, [], ['x"} 1\nevil 1'], () => 1, Symbol('s'), new Date(0), new String('x'), new Proxy({}, {})]
  const rows = new Rows(['a', 'b'])
  expect(REFUSED).toBeLessThan(0)
  expect(REFUSED).not.toBe(NO_ROW)
  for (const a of refused) {
    expect(rows.find({ a, b: 'x' })).toBe(REFUSED)
    expect(rows.find({ a: 'x', b: a })).toBe(REFUSED)
  }
  expect(rows.made).toBe(0)
})

test('the error of a throwing getter is thrown, and nothing changes', () => {
  const rows = new Rows(['a', 'b'])
  const labels = {
    a: 'x',
    get b() {
      throw new Error('no')
    },
  } // prettier-ignore
  expect(() => rows.find(labels)).toThrow('no')
  expect(rows.find({ a: 'x', b: 'y' })).toBe(0)
  expect(() => rows.find(labels)).toThrow('no')
  expect(rows.find({ a: 'x', b: 'y' })).toBe(0)
  expect(() => rows.find(null)).toThrow(TypeError)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect(() => rows.find(proxy)).toThrow(TypeError)
})

describe('a getter that uses the same index finds it consistent', () => {
  test.each([1, 3_000])('with %i rows', (size) => {
    const rows = new Rows(['a', 'b', 'c'])
    for (let n = 0; n < size; n++) rows.find({ a: `a${n}`, b: `b${n}`, c: `c${n}` })
    const labels = {
      a: 'a0',
      get b() {
        for (let n = 0; n < 50; n++) rows.find({ a: `new${Math.random()}`, b: 'b0', c: 'x' })
        return 'b0'
      },
      c: 'c0',
    }
    for (let n = 0; n < 5; n++) expect(rows.find(labels)).toBe(0)
  })

  test('and a getter that returns other values each time makes no duplicate row', () => {
    const rows = new Rows(['a'])
    let turn = 0
    const labels = {
      get a() {
        return `v${turn++ % 3}`
      },
    } // prettier-ignore
    for (let n = 0; n < 20; n++) rows.find(labels)
    const texts = Array.from({ length: rows.made }, (_, row) => rows.texts(row)[0])
    expect(new Set(texts).size).toBe(texts.length)
    expect(texts.every((text, row) => rows.find({ a: text }) === row)).toBe(true)
  })
})

describe.each([
  ['few values', 3],
  ['many values', 130],
])('with %s', (_what, size) => {
  const keys = ['a', 'b', 'c', 'd', 'e'] // 130 values of five labels take more bits than a number has

  /** As many rows as values, none of which has a value in common with another. */
  function filled(): Rows {
    const rows = new Rows(keys)
    for (let n = 0; n < size; n++) rows.find(labelsOf(n))
    return rows
  }
  const labelsOf = (n: number) => Object.fromEntries(keys.map((key) => [key, `${key}${n}`]))

  test('rows that differ in one label are found at once, each after it is made', () => {
    const rows = filled()
    const made: Labels[] = []
    for (const key of keys) {
      for (let n = 1; n < 200; n++) {
        const labels = { ...labelsOf(0), [key]: `${key}${n}` }
        const row = rows.find(labels)
        made[row] = labels
        expect(rows.index.find(labels)).toBe(row)
      }
    }
    expect(made.filter(Boolean)).toHaveLength(5 * 199)
    for (const [row, labels] of made.entries()) if (labels !== undefined) expect(rows.index.find(labels)).toBe(row)
  })

  test('known values without a common row are not found, nor is an unknown value', () => {
    const rows = filled()
    const mixed = (n: number) => ({ ...labelsOf(n), e: `e${(n + 1) % size}` })
    for (let n = 0; n < size; n++) expect([rows.index.find(mixed(n)), rows.index.findValues(Object.values(mixed(n)))]).toEqual([-1, -1])
    const partial = { a: 'a1', b: 'b1', d: 'd1' }
    const row = rows.find(partial)
    expect([rows.index.find(partial), rows.index.find({ ...partial, c: 'new' }), rows.index.find({ ...partial, e: 7 })]).toEqual([
      row,
      -1,
      -1,
    ])
  })

  test('a getter that changes the index never leads to the row of others', () => {
    const known = [labelsOf(0), labelsOf(1), { ...labelsOf(0), c: 'c1' }]
    const others = { ...labelsOf(2), c: 'c1' }
    type Act = (index: RowIndex) => unknown
    const lookups = [
      (index: RowIndex, labels: Labels) => index.find(labels),
      (index: RowIndex, labels: Labels) => index.findInTwo(labels, labels, 2),
    ]
    const acts: [string, Act][] = [
      ['find', (index) => known.map((labels) => index.find(labels))],
      ['find one', (index) => index.find(known[1]!)],
      ['find values', (index) => index.findValues(Object.values(known[1]!))],
      ['insert', (index) => index.findValues(Object.values(others)) === NO_ROW && index.insert(Object.values(others), 5_000)],
      ['remove', (index) => index.remove(new Set([5_000]))],
    ]
    for (const [first, before] of acts) {
      for (const [second, after] of acts) {
        for (const key of keys) {
          const rows = filled()
          rows.find(known[2]!)
          for (let split = 1; split < keys.length; split++) {
            // The first labels of one and the last of the other: what would be found if they were mixed up.
            const [one, other] = [known[0]!, known[1]!].map((labels) => Object.entries(labels))
            rows.find(Object.fromEntries([...one!.slice(0, split), ...other!.slice(split)]))
            rows.find(Object.fromEntries([...other!.slice(0, split), ...one!.slice(split)]))
          }
          rows.index.insert(Object.values({ ...labelsOf(1), c: 'c2' }), 5_000)
          for (const [wanted, labels] of [
            [0, known[0]!],
            [1, known[1]!],
          ] as const) {
            const object = Object.defineProperty({ ...labels }, key, {
              get: () => (before(rows.index), after(rows.index), labels[key]),
            })
            const found = lookups.map((look) => look(rows.index, object))
            const areRight = found.every((row) => row === wanted || row === NO_ROW)
            expect([first, second, key, areRight]).toEqual([first, second, key, true])
          } // prettier-ignore
        }
      }
    }
  })
})

test('the row without labels is found among thousands that hash beside it', () => {
  const rows = new Rows(['a', 'b', 'c'])
  const labelsOf = (n: number) => ({ a: n % 40, b: (n >> 3) % 50, c: (n >> 6) % 60 })
  expect(rows.find({})).toBe(0)
  const found = Array.from({ length: 4_000 }, (_, n) => rows.find(labelsOf(n)))
  expect(rows.index.find({})).toBe(0)
  for (let n = 0; n < 4_000; n++) expect(rows.index.find(labelsOf(n))).toBe(found[n])
})

test('ten thousand rows made and removed leave no strings behind', () => {
  const index = new RowIndex(['a', 'b'], 256)
  /** What there is while a hundred rows are in use, which then go. */
  const turn = (from: number) => {
    for (let row = 0; row < 100; row++) index.insert([`value ${from + row} of a, `.padEnd(100, 'x'), from + row], row)
    const bytes = from % 2_000 === 0 ? (global.gc!(), process.memoryUsage().heapUsed) : undefined
    index.remove(new Set(Array.from({ length: 100 }, (_, row) => row)))
    return bytes
  }
  const bytes = Array.from({ length: 121 }, (_, n) => turn(n * 100)).filter((memory) => memory !== undefined)
  expect(bytes.at(-1)! - bytes[1]!).toBeLessThan(500_000)
})

test('no object that was looked up is kept in memory', async () => {
  const rows = new Rows(['a'])
  const lookedUp = (labels: Labels): WeakRef<object> => {
    for (let n = 0; n < 200; n++) rows.find(labels)
    return new WeakRef(labels)
  }
  const kept = ['x', 'y', 'x'].map((a) => lookedUp({ a }))
  await new Promise(setImmediate) // a WeakRef keeps its object for the rest of the turn in which it was made
  global.gc!()
  expect(kept.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined])
  expect(rows.find({ a: 'x' })).toBe(0)
})

test('removing one of many rows changes its own entry and does not rebuild the table', () => {
  for (const keys of [['a'], ['a', 'b', 'c']]) {
    const rows = new Rows(keys)
    for (let n = 0; n < 5_000; n++) rows.find(Object.fromEntries(keys.map((key) => [key, `${key}${n}`])))
    const { table } = rows.index as unknown as { readonly table: Int32Array }
    for (let row = 0; row < 100; row++) rows.index.remove(new Set([row * 7]))
    expect((rows.index as unknown as { readonly table: Int32Array }).table).toBe(table)
  }
})

test('remaining rows keep their strings and unset labels when others are removed', () => {
  const rows = new Rows(['a', 'b'])
  const gone = new Set(Array.from({ length: 500 }, (_, n) => rows.find({ a: `a${n}`, b: n })))
  const stay: Labels[] = [{ a: 'x' }, { b: 'y' }, {}, { a: 'x', b: 'y' }, { a: 'a7', b: 'y' }]
  const found = stay.map((labels) => rows.find(labels))
  rows.index.remove(gone)
  expect(found.map((row) => rows.texts(row))).toEqual([
    ['x', undefined],
    [undefined, 'y'],
    [undefined, undefined],
    ['x', 'y'],
    ['a7', 'y'],
  ])
  expect(stay.map((labels) => rows.index.find(labels))).toEqual(found)
})

test('a refused value cannot become a row', () => {
  const index = new RowIndex(['a'], 9)
  expect(() => index.insert([{}], 0)).toThrow('BUG: a row with a refused value')
})

test('2,000 strings of one label are found at once', () => {
  const rows = new Rows(['a'])
  for (let n = 0; n < 2_000; n++) rows.find({ a: `text ${n}` })
  for (let n = 0; n < 2_000; n++) expect(rows.index.find({ a: `text ${n}` })).toBe(n)
})

test('lone surrogates become U+FFFD before the lookup, and equal ones are one row', () => {
  check(['a'], [{ a: 'x\ud800' }, { a: 'x\udfff' }, { a: 'x\ufffd' }], [0, 0, 0], [['x\ufffd']])
})

test('strings are cut at the limit, counted once a row, and equal cut ones are one row', () => {
  const rows = new Rows(['a'], 4)
  expect(['abcdef', 'abcdxx', 'abcd', 'abc', '\u{1f600}\u{1f600}\u{1f600}\u{1f600}x'].map((a) => rows.find({ a }))).toEqual([0, 0, 0, 1, 2])
  expect(rows.texts(0)).toEqual(['abcd'])
  expect(rows.texts(2)).toEqual(['\u{1f600}'.repeat(4)])
  expect(rows.cut).toBe(2)
})

test('without keys there is one row', () => check([], [{}, { a: 'x' }, Object.create(null)], [0, 0, 0], [[]]))

test('storedString returns a value as it is in a row', () => {
  expect(['abcd', 12345, NaN, null, '', {}, true, -0].map((value) => storedString(value, 3))).toEqual([
    'abc',
    '123',
    undefined,
    undefined,
    undefined,
    null,
    'tru',
    '0',
  ]) // prettier-ignore
})

describe('any look-ups and removals have the same rows as a plain Map', () => {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }).map((n) => `v${n}`) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 400 }) },
    { weight: 1, arbitrary: fc.constantFrom('', undefined, null, NaN, true, false, 'true', '0', 0, -0, 'v1\ud800', 'v1\udc00') },
    { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
  )
  const textOf = (given: unknown) =>
    given === undefined || given === null || given === '' || Number.isNaN(given)
      ? undefined
      : String(given === 0 ? 0 : (given as string)).toWellFormed()

  test.each([1, 2, 3, 4, 5])('of %i labels', (width) => {
    const keys = Array.from({ length: width }, (_, at) => `k${at}`)
    const lookup = fc.array(value, { minLength: width, maxLength: width })
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ find: fc.array(lookup, { minLength: 1, maxLength: 60 }) }) },
      { weight: 1, arbitrary: fc.record({ removeEvery: fc.integer({ min: 1, max: 4 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const rows = new Rows(keys)
        const model = new Map<string, number>()
        for (const { find, removeEvery } of steps as { find?: unknown[][]; removeEvery?: number }[]) {
          for (const values of find ?? []) {
            const texts = values.map(textOf)
            const name = JSON.stringify(texts)
            const row = rows.find(Object.fromEntries(values.map((given, at) => [keys[at], given])))
            if (!model.has(name)) model.set(name, rows.made - 1)
            if (row !== model.get(name)) throw new Error(`${name} is row ${row}, not ${model.get(name)}`)
            if (JSON.stringify(rows.texts(row)) !== name) throw new Error(`row ${row} has not the texts ${name}`)
          }
          if (removeEvery === undefined) continue
          const removed = [...model].filter((_, at) => at % removeEvery === 0)
          rows.index.remove(new Set(removed.map(([, row]) => row)))
          for (const [name] of removed) model.delete(name)
        }
        for (const [name, row] of model) expect(rows.texts(row).map((text) => text ?? null)).toEqual(JSON.parse(name))
      }),
      { numRuns: 40, seed: width },
    )
  })

  test('with so many values and labels that their keys exceed a number', () => {
    const keys = ['a', 'b', 'c', 'd', 'e']
    const rows = new Rows(keys)
    const labelsOf = (n: number) => Object.fromEntries(keys.map((key, at) => [key, `${key}${(n * (at + 3)) % 127}-${n % (90 + at)}`]))
    const found = Array.from({ length: 5_000 }, (_, n) => rows.find(labelsOf(n)))
    expect(new Set(found).size).toBe(rows.made)
    for (let n = 0; n < 5_000; n++) expect(rows.index.find(labelsOf(n))).toBe(found[n])
    for (let n = 0; n < 5_000; n++) expect(rows.texts(found[n]!)).toEqual(Object.values(labelsOf(n)))
    rows.index.remove(new Set(found.slice(10)))
    expect(rows.index.find(labelsOf(9))).toBe(found[9])
    expect(rows.index.find(labelsOf(11))).toBe(NO_ROW)
  })

  test('with so many rows that the table changes its form and back', () => {
    const rows = new Rows(['a', 'b', 'c'])
    const model = new Map<string, number>()
    const find = (n: number) => {
      const labels = { a: `a${n % 97}`, b: n % 89, c: `c${n % 83}` }
      const row = rows.find(labels)
      const name = JSON.stringify(labels)
      if (!model.has(name)) model.set(name, row)
      if (model.get(name) !== row) throw new Error(`${name} is row ${row}, not ${model.get(name)}`)
    }
    for (let n = 0; n < 20_000; n++) find(n)
    expect(rows.made).toBe(20_000)
    const gone = [...model].slice(10, 19_990)
    rows.index.remove(new Set(gone.map(([, row]) => row)))
    for (const [name] of gone) model.delete(name)
    expect(model.size).toBe(20)
    for (let n = 0; n < 20_000; n += 3) find(n)
    for (let n = 0; n < 20_000; n++) find(n)
  })
})

test('a million rows made and removed keep memory flat', () => {
  const index = new RowIndex(['a', 'b'], 256)
  const turn = (from: number) => {
    const rows = new Set<number>()
    for (let row = 0; row < 2_000; row++) {
      index.insert([`value ${from + row} of a`, from + row], row)
      rows.add(row)
    }
    index.remove(rows)
  }
  for (let n = 0; n < 20; n++) turn(n * 2_000)
  global.gc!()
  const beforeBytes = process.memoryUsage().heapUsed
  for (let n = 20; n < 20 + amount(500, 500); n++) turn(n * 2_000)
  global.gc!()
  expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(1e6)
})

test('endless numbers that are cut to one string leave nothing behind', () => {
  const rows = new Rows(['a'], 1)
  global.gc!()
  const beforeBytes = process.memoryUsage().heapUsed
  for (let n = 0; n < 300_000; n++) rows.find({ a: 0.5 + n * 1e-9 })
  global.gc!()
  expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(1e6)
  expect(rows.made).toBe(1)
})
