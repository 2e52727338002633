import { expect, test } from 'vitest'
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
  const told = `limits must be whole numbers from 1 (tagValueLength up to 16384): ${name} is ${String(limit)}`
  expect(() => readLimits({ [name]: limit } as EngineLimits)).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: told }))
})
