import { expect, test } from 'vitest'
import { attributeJson } from '../../../src/trace/data/attributes.js'

test.each([
  [Number.NaN, '{"double_value":"NaN"}'],
  [Number.POSITIVE_INFINITY, '{"double_value":"Infinity"}'],
  [Number.NEGATIVE_INFINITY, '{"double_value":"-Infinity"}'],
  [1e300, '{"double_value":1e+300}'],
  [2 ** 53 - 1, '{"int_value":9007199254740991}'],
  [0.5, '{"double_value":0.5}'],
])('the number %s keeps its value in a trace document', (value, json) => {
  expect(JSON.stringify(attributeJson(value))).toBe(json)
})
