import { expect, test } from 'vitest'
import { overruled } from './overruled.js'
import { acceptedOutcomes, agree, vectorGroups } from './vectors.js'

const cases = new Map([...vectorGroups.values()].flatMap(({ cases }) => cases.map((vector) => [vector.id, vector] as const)))

test('every case that a decision overrules is in the vectors', () => {
  expect(Object.keys(overruled).filter((id) => !cases.has(id))).toEqual([])
})

test('a decision that agrees with its vector overrules nothing and is not listed', () => {
  const idle = Object.entries(overruled).filter(([id, { ours }]) => acceptedOutcomes(cases.get(id)!).some((wanted) => agree(wanted, ours)))
  expect(idle.map(([id]) => id)).toEqual([])
})
