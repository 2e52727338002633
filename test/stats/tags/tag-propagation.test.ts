import { expect, test } from 'vitest'
import { internalMetrics } from '../../../src/base/internal-metrics.js'
import { isTagKey } from '../../../src/stats/tags/tag-map.js'
import {
  acceptedTags,
  isWireText,
  propagatedTags,
  sendableTags,
  type TagPropagationFilter,
} from '../../../src/stats/tags/tag-propagation.js'

/** The keys that pass, of a and b.x and b.y, b.y being local to the process. */
function check(filters: TagPropagationFilter[], expected: string[]): void {
  const tags = [
    { key: 'a', value: '' },
    { key: 'b.x', value: '', ttl: -1 },
    { key: 'b.y', value: '', ttl: 0 },
  ] as const
  expect(propagatedTags(tags, filters).map(({ key }) => key)).toEqual(expected)
}

test('without filters all tags pass except local ones', () => {
  check([], ['a', 'b.x'])
})

test('the first filter that matches decides', () => {
  check(
    [
      { action: 'exclude', operator: 'equal', value: 'a' },
      { action: 'include', operator: 'hasPrefix', value: '' },
    ],
    ['b.x'],
  )
  check(
    [
      { action: 'include', operator: 'hasPrefix', value: '' },
      { action: 'exclude', operator: 'equal', value: 'a' },
    ],
    ['a', 'b.x'],
  )
  check([{ action: 'include', operator: 'notEqual', value: 'a' }], ['b.x'])
})

test('a tag that no filter matches does not pass', () => {
  check([{ action: 'exclude', operator: 'equal', value: 'z' }], [])
})

test('keys have 1 to 255 printable ASCII characters, values 0 to 255', () => {
  expect(['a', ' ', '~', 'k'.repeat(255)].map(isTagKey)).toEqual([true, true, true, true])
  expect(['', 'é', '\u007f', '\t', 'k'.repeat(256)].map(isTagKey)).toEqual([false, false, false, false, false])
  expect(['', 'v'.repeat(255)].map(isWireText)).toEqual([true, true])
  expect(['v'.repeat(256), 'a\n'].map(isWireText)).toEqual([false, false])
})

test('omitted and refused tags are counted by direction and reason', () => {
  const counts = () =>
    Object.fromEntries(
      Array.from(internalMetrics.get('tallyscope_tag_propagation_dropped_total')!.series.values(), ({ labelValues, count }) => [
        labelValues.join(' '),
        count.value,
      ]),
    )
  const before = counts()
  sendableTags(
    [
      { key: 'k', value: 'é' },
      { key: 'l', value: 'v'.repeat(300) },
    ],
    undefined,
  )
  acceptedTags([{ key: '', value: '' }], undefined)
  const after = counts()
  expect(['sent not_ascii', 'sent too_long', 'received malformed'].map((key) => after[key]! - (before[key] ?? 0))).toEqual([1, 1, 1])
})
