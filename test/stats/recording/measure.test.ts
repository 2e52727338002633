import { describe, expect, test, vi } from 'vitest'
import { Stats } from '../../../src/stats/stats.js'

const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})

test('by default a measure is a double with the unit 1 and any tags', () => {
  const measure = new Stats().measure('m')
  expect(measure).toMatchObject({
    name: 'm',
    unit: '1',
    description: '',
    type: 'double',
    signed: false,
    tagKeys: undefined,
    hasViews: false,
  })
})

test('its tag keys are a frozen copy', () => {
  const keys = ['a', 'b']
  const { tagKeys } = new Stats().measure('m', { tagKeys: keys })
  keys.push('c')
  expect(tagKeys).toEqual(['a', 'b'])
  expect(Object.isFrozen(tagKeys)).toBe(true)
})

test('an equal definition returns the same measure', () => {
  const stats = new Stats()
  const options = { unit: 's', type: 'int64', signed: true, tagKeys: ['a'] } as const
  expect(stats.measure('m', options)).toBe(stats.measure('m', { ...options }))
  expect(stats.getMeasure('m')).toBe(stats.measure('m', options))
  expect(stats.getMeasure('other')).toBe(undefined)
})

test('another description is logged once, and the first is kept', () => {
  const stats = new Stats()
  const first = stats.measure('described', { description: 'one' })
  emitWarning.mockClear()
  for (let n = 0; n < 3; n++) expect(stats.measure('described', { description: 'two' })).toBe(first)
  expect(first.description).toBe('one')
  expect(emitWarning.mock.calls).toEqual([
    ['measure described was defined with two descriptions; the first stays', { type: 'TallyscopeWarning', code: 'TALLYSCOPE_DESCRIPTION' }],
  ])
})

describe('another definition under the name is refused, and the first is kept', () => {
  test.each([{ unit: 'ms' }, { type: 'int64' }, { signed: true }, { tagKeys: ['a'] }, { tagKeys: [] }] as const)('%j', (options) => {
    const stats = new Stats()
    const first = stats.measure('m')
    expect(() => stats.measure('m', options)).toThrow(expect.objectContaining({ name: 'DefinitionError', code: 'ERR_MEASURE_CONFLICT' }))
    expect(stats.measure('m')).toBe(first)
  })

  test('with both definitions in the message', () => {
    const stats = new Stats()
    stats.measure('m', { unit: 's' })
    expect(() => stats.measure('m', { unit: 'ms' })).toThrow(
      'measure "m" exists as {"unit":"s","type":"double","signed":false}; this one is {"unit":"ms","type":"double","signed":false}',
    )
  })
})

test.each<[string, unknown, unknown]>([
  ['ERR_NAME', '', {}],
  ['ERR_NAME', 'größe', {}],
  ['ERR_NAME', 'x'.repeat(10_000), {}],
  ['ERR_NAME', { toString: () => 'm' }, {}],
  ['ERR_UNIT', 'm', { unit: '' }],
  ['ERR_UNIT', 'm', { unit: 5 }],
  ['ERR_MEASURE_TYPE', 'm', { type: 'float' }],
  ['ERR_OPTION', 'm', { signed: 1 }],
  ['ERR_KEYS', 'm', { tagKeys: [''] }],
  ['ERR_KEYS', 'm', { tagKeys: ['a', 'a'] }],
  ['ERR_KEYS', 'm', { tagKeys: 'ab' }],
])('%s: %j with %j', (code, name, options) => {
  const stats = new Stats()
  expect(() => stats.measure(name as string, options as object)).toThrow(expect.objectContaining({ code }))
  expect(stats.measure('m').name).toBe('m')
})

test('the number of measures is limited; existing ones can still be found', () => {
  const stats = new Stats({ limits: { definitions: 3 } })
  for (const name of ['a', 'b', 'c']) stats.measure(name)
  expect(() => stats.measure('d')).toThrow(
    expect.objectContaining({ code: 'ERR_MEASURE_LIMIT', message: 'at most 3 measures are allowed: d is one more' }),
  )
  expect(stats.measure('c')).toBe(stats.getMeasure('c'))
})
