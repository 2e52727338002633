import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { STATE_VERSION, statesOf } from '../../src/base/process-global.js'
import * as thisCopy from '../../src/index.js'

const KEY = Symbol.for('tallyscope')
const warnings: string[] = []

beforeEach(() => {
  warnings.length = 0
  vi.spyOn(process, 'emitWarning').mockImplementation((_message, options) => void warnings.push((options as { code: string }).code))
})
afterEach(() => {
  vi.doUnmock('../../src/base/process-global.js')
  vi.restoreAllMocks()
})

/** Loads another copy of the package, whose state has this version. */
async function loadCopy(version: number): Promise<typeof thisCopy> {
  vi.resetModules()
  const states = statesOf(version)
  vi.doMock('../../src/base/process-global.js', () => ({
    processGlobal(name: string, make: () => unknown) {
      if (!states.has(name)) states.set(name, make())
      return states.get(name)
    },
  }))
  return import('../../src/index.js')
}

function countsOf(copy: typeof thisCopy, view: string): string[] {
  return copy.stats.viewManager
    .getView(view)!
    .rows.map(({ tagValues, data }) => `${tagValues['from']}: ${(data as { value: number }).value}`)
}

function define(copy: typeof thisCopy, name: string): thisCopy.Measure {
  const measure = copy.stats.measure(name)
  copy.stats.viewManager.registerView({ name, measure, tagKeys: ['from'], aggregation: copy.count() })
  return measure as thisCopy.Measure
}

test('copies of one state version share one engine and one context, without a warning', async () => {
  const copy = await loadCopy(STATE_VERSION)
  expect(copy.TagMap).not.toBe(thisCopy.TagMap)
  expect(copy.stats).toBe(thisCopy.stats)
  const measure = define(thisCopy, 'copies/shared')
  define(copy, 'copies/shared')
  thisCopy.stats.record(measure, 1, thisCopy.TagMap.of({ from: 'here' }))
  copy.withTags(copy.TagMap.of({ from: 'there' }), () => thisCopy.stats.record(measure, 1))
  expect(countsOf(thisCopy, 'copies/shared')).toEqual(['here: 1', 'there: 1'])
  expect(countsOf(copy, 'copies/shared')).toEqual(['here: 1', 'there: 1'])
  expect(warnings).toEqual([])
})

test('a view made by one copy can have a measure of another, and its registration counts', async () => {
  const copy = await loadCopy(STATE_VERSION)
  const measure = thisCopy.stats.measure('copies/foreign', { tagKeys: ['from'] })
  const view = new copy.View({ name: 'copies/foreign', measure, tagKeys: ['from'], aggregation: copy.count() })
  copy.stats.registerView(view as unknown as thisCopy.View)
  copy.stats.record(measure, 1, { from: 'here' })
  expect(countsOf(thisCopy, 'copies/foreign')).toEqual(['here: 1'])
})

test('copies of different state versions stay apart, each records everything, and one warning is logged', async () => {
  const newer = await loadCopy(STATE_VERSION + 1)
  const alsoNewer = await loadCopy(STATE_VERSION + 1)
  expect(newer.stats).not.toBe(thisCopy.stats)
  expect(alsoNewer.stats).toBe(newer.stats)
  for (const copy of [thisCopy, newer]) {
    const measure = define(copy, 'copies/apart')
    copy.stats.record(measure, 1, { from: 'object' })
    copy.withTags(copy.TagMap.of({ from: 'context' }), () => copy.stats.record(measure, 1))
    copy.stats.record(measure, 1)
    expect(countsOf(copy, 'copies/apart').sort()).toEqual(['context: 1', 'object: 1', 'undefined: 1'])
  }
  thisCopy.withTags(thisCopy.TagMap.of({ from: 'here' }), () => expect(newer.currentTags().size).toBe(0))
  expect(warnings).toEqual(['TALLYSCOPE_COPIES'])
})

test('the first copy of a process is loaded without a warning, and later ones of its version find its states', () => {
  const holder = {}
  const states = statesOf(1, holder)
  states.set('stats', 1)
  expect(statesOf(1, holder)).toBe(states)
  expect(Object.keys(holder)).toEqual([])
  expect(warnings).toEqual([])
})

test.each([
  ['a string', { [KEY]: 'theirs' }],
  ['null', { [KEY]: null }],
  ['an object like a Map', { [KEY]: { get: () => new Map(), has: () => true } }],
  ['a getter that throws', Object.defineProperty({}, KEY, { get: () => assertUnread() })],
  ['a frozen global object', Object.freeze({})],
])('%s instead of our global state costs a warning, and the copy has states of its own', (_, holder) => {
  const states = statesOf(1, holder)
  expect(states).toBeInstanceOf(Map)
  expect(statesOf(1, holder)).not.toBe(states)
  expect(warnings).toEqual(['TALLYSCOPE_FOREIGN_STATE', 'TALLYSCOPE_FOREIGN_STATE'])
})

test('a state that is not a Map is replaced', () => {
  const holder = { [KEY]: new Map<number, unknown>([[1, 'theirs']]) }
  expect(statesOf(1, holder).size).toBe(0)
  expect(statesOf(1, holder)).toBe(holder[KEY].get(1))
})

test('states created in another realm are shared', () => {
  const holder = { [KEY]: runInNewContext('new Map([[1, new Map([["name", "value"]])]])') as unknown }
  expect(statesOf(1, holder).get('name')).toBe('value')
  expect(warnings).toEqual([])
})

function assertUnread(): never {
  throw new Error('not to be read')
}
