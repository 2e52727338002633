import { expect, test } from 'vitest'
import { matchesPattern } from '../../../src/cluster/data/merge-rules.js'

test.each([
  ['nodejs_heap', 'nodejs_*', true],
  ['nodejs_', 'nodejs_*', true],
  ['process_cpu', 'nodejs_*', false],
  ['anything', '*', true],
  ['a/b', 'a/b', true],
  ['a/bc', 'a/b', false],
  ['a_lag_p99', '*_lag_*', true],
  ['a_lag', '*_lag_*', false],
  ['aba', 'ab*ba', false],
  ['abba', 'ab*ba', true],
  ['a.b', 'a?b', false],
  ['xaybz', 'x*a*b*z', true],
  ['xbyaz', 'x*a*b*z', false],
])('%s and the pattern %s: %s', (name, pattern, matches) => {
  expect(matchesPattern(name, pattern)).toBe(matches)
})
