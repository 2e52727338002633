import { expect, test } from 'vitest'
import { readGroupLimits } from '../../src/cluster/group-limits.js'

test('limits have defaults', () => {
  expect(readGroupLimits()).toEqual({
    ...{ members: 256, definitions: 10_000, rows: 100_000, mergedRows: 100_000 },
    ...{ frameBytes: 1_048_576, queueBytes: 1_048_576 },
  })
})

test.each([
  ['frameBytes', 65_535],
  ['frameBytes', 67_108_865],
  ['queueBytes', 65_535],
  ['queueBytes', 67_108_865],
  ['queueBytes', 70_000.5],
  ['members', 0],
  ['members', 4_097],
  ['rows', Number.NaN],
])('%s of %d are refused', (name, value) => {
  expect(() => readGroupLimits({ [name]: value })).toThrow(expect.objectContaining({ code: 'ERR_GROUP_OPTION' }))
})

test('the list of all members fits into a frame', () => {
  expect(readGroupLimits({ members: 256, frameBytes: 65_536 }).frameBytes).toBe(65_536)
  expect(() => readGroupLimits({ members: 1_000, frameBytes: 65_536 })).toThrow(expect.objectContaining({ code: 'ERR_GROUP_OPTION' }))
})

test('a limit that does not exist is refused', () => {
  expect(() => readGroupLimits({ frames: 1 } as object)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
})
