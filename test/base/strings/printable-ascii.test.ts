import { expect, test } from 'vitest'
import { isPrintableAscii } from '../../../src/base/strings/printable-ascii.js'

test('printable ASCII is a string of characters from space to tilde within the allowed length', () => {
  expect(['', ' ~', 'abcde'].map((text) => isPrintableAscii(text, 5))).toEqual([true, true, true])
  expect(['abcdef', 'ü', 'a\n', '\u007f', 5, undefined, ['a']].map((text) => isPrintableAscii(text, 5))).toEqual(Array(7).fill(false))
})
