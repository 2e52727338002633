import { fc } from '../../../fast-check.js'
import { expect, test } from 'vitest'
import { formatBound, formatCanonicalBound, formatNumber } from '../../../../src/exporters/prometheus/format/format-number.js'

test('values are the shortest strings that parse to the same number, and non-finite values have the names of the format', () => {
  const expected: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ]
  for (const [value, text] of expected) expect(formatNumber(value)).toBe(text)
})

test('bounds are written as Go does, and with .0 if OpenMetrics requires it', () => {
  const expected: [number, string, string][] = [
    [0, '0', '0.0'],
    [-0, '0', '0.0'],
    [1, '1', '1.0'],
    [-5, '-5', '-5.0'],
    [0.005, '0.005', '0.005'],
    [100_000, '100000', '100000.0'],
    [999_999, '999999', '999999.0'],
    [1e6, '1e+06', '1e+06'],
    [1_234_567, '1.234567e+06', '1.234567e+06'],
    [1_048_576, '1.048576e+06', '1.048576e+06'],
    [1e21, '1e+21', '1e+21'],
    [1e100, '1e+100', '1e+100'],
    [0.0001, '0.0001', '0.0001'],
    [0.00001, '1e-05', '1e-05'],
    [0.000012, '1.2e-05', '1.2e-05'],
    [5e-324, '5e-324', '5e-324'],
    [Infinity, '+Inf', '+Inf'],
    [-Infinity, '-Inf', '-Inf'],
  ]
  for (const [bound, text, canonical] of expected) expect([formatBound(bound), formatCanonicalBound(bound)]).toEqual([text, canonical])
})

test('every finite number parses to the same value', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      for (const write of [formatNumber, formatBound, formatCanonicalBound]) expect(Number(write(number)) === number).toBe(true)
      expect(formatCanonicalBound(number)).toMatch(/^-?\d+(\.\d+(e[+-]\d{2,})?|e[+-]\d{2,})$/)
    }),
  )
})
