import { expect, test } from 'vitest'
import { escapeControlCharacters } from '../../src/base/escape-control-characters.js'

test.each<[string, string]>([
  ['plain größe 日本 👍', 'plain größe 日本 👍'],
  ['two\r\nlines', 'two\\x0d\\x0alines'],
  ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
  ['\u009b31m \u007f \u2028', '\\x9b31m \\x7f \\u2028'],
  ['\u202eright to left\u2069\u061c', '\\u202eright to left\\u2069\\u061c'],
  ['half \ud800 pair', 'half \\ud800 pair'],
])('a terminal shows %j as one line of plain characters', (text, shown) => {
  expect(escapeControlCharacters(text)).toBe(shown)
})
