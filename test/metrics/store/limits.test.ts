import { expect, test } from 'vitest'
import { inspectValue } from '../../../src/base/strings/inspect-value.js'
import { readLimits, type EngineLimits } from '../../../src/metrics/store/limits.js'

test('each limit has a default', () => {
  expect(readLimits()).toEqual({ rowsPerView: 2_000, totalRows: 100_000, tagValueLength: 256, definitions: 10_000 })
  expect(readLimits({ totalRows: 5 })).toEqual({ rowsPerView: 2_000, totalRows: 5, tagValueLength: 256, definitions: 10_000 })
})

test.each<[string, unknown]>([
  ['rowsPerView', 0],
  ['rowsPerView', -1],
  ['totalRows', 1.5],
  ['totalRows', NaN],
  ['totalRows', Infinity],
  ['definitions', '5'],
  ['definitions', null],
  ['tagValueLength', 16_385],
  ['tagValueLength', 10n],
])('%s of %s is refused', (name, limit) => {
  const range = name === 'tagValueLength' ? '1 to 16384' : '1'
  const message = `the limit ${name} must be a whole number from ${range}: it is ${inspectValue(limit)}`
  expect(() => readLimits({ [name]: limit } as EngineLimits)).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message }))
})
