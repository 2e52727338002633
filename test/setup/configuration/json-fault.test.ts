import { expect, test } from 'vitest'
import { jsonFault } from '../../../src/setup/configuration/json-fault.js'

test.each<[string, string]>([
  ['s3cr3t-token-long-enough-to-be-cut', 'line 1, column 1'],
  ['', 'line 1, column 1'],
  ['{"authorization": hunter2sec}', 'line 1, column 19'],
  ['{"a":1 "b":2}', 'line 1, column 8'],
  ['{"a":1,\n "b":tru}', 'line 2, column 9'],
  ['{"a":', 'line 1, column 6'],
  ['{"a":"x\ny"}', 'line 1, column 8'],
  ['[1,]', 'line 1, column 4'],
  ['{"a":-x}', 'line 1, column 7'],
  ['{}\n\nx', 'line 3, column 1'],
])('%j is invalid JSON from its %s on', (text, place) => expect(jsonFault(text)).toBe(place))
