import { fc } from '../fast-check.js'
import { expect, test } from 'vitest'
import { UnreadBodies } from '../../src/serving/unread-bodies.js'

test('memory that bodies share is counted once, and until all of them have ended', () => {
  const unread = new UnreadBodies(100)
  const cuts: string[] = []
  const cut = (name: string) => () => void cuts.push(name)
  const shared = {}
  const second = cut('second')
  const third = cut('third')
  unread.add(shared, 60, cut('first'))
  unread.add(shared, 60, second)
  unread.add({}, 40, third)
  expect(cuts).toEqual([])
  unread.delete(shared, second)
  unread.add({}, 10, cut('fourth'))
  expect(cuts).toEqual(['first'])
  unread.add({}, 50, cut('fifth'))
  expect(cuts).toEqual(['first'])
})

test('bodies of clients that wait for the next part are cut only if they take twice as much', () => {
  const unread = new UnreadBodies(100)
  const cuts: string[] = []
  const cut = (name: string) => () => void cuts.push(name)
  unread.add({}, 40, cut('awaited'), () => true)
  unread.add({}, 40, cut('unread'))
  unread.add({}, 40, cut('second'))
  expect(cuts).toEqual(['unread'])
  unread.add({}, 160, cut('third'), () => true)
  expect(cuts).toEqual(['unread', 'second'])
  unread.add({}, 10, cut('fourth'))
  expect(cuts).toEqual(['unread', 'second', 'awaited'])
})

const MEMORIES = [10, 30, 60, 120] // sizes
const place = fc.nat(MEMORIES.length - 1)
const steps = fc.array(fc.tuple(fc.constantFrom('add', 'progressed', 'delete'), place), { maxLength: 60 })

test('the bodies of the memory that was not read for the longest time are cut, and only those that must be', () => {
  fc.assert(
    fc.property(steps, (program) => {
      const memories = MEMORIES.map((bytes) => ({ bytes }))
      const unread = new UnreadBodies(100)
      const cuts = new Set<number>()
      /** In the order of the last read, with the bodies of each. */
      let expected: { memory: object; bytes: number; bodies: number[] }[] = []
      const expectedCuts = new Set<number>()
      const cutOf: (() => void)[] = []
      for (const [step, at] of program) {
        const memory = memories[at]!
        const known = expected.find((each) => each.memory === memory)
        const others = expected.filter((each) => each !== known)
        if (step === 'add') {
          const body = cutOf.length
          cutOf.push(() => void cuts.add(body))
          unread.add(memory, memory.bytes, cutOf[body]!)
          expected = [...others, { memory, bytes: memory.bytes, bodies: [...(known?.bodies ?? []), body] }]
          while (expected.length > 1 && expected.reduce((sum, { bytes }) => sum + bytes, 0) > 100) {
            expected.shift()!.bodies.forEach((each) => expectedCuts.add(each))
          }
        } else if (known !== undefined && step === 'progressed') {
          unread.progressed(memory)
          expected = [...others, known]
        } else if (known !== undefined) {
          unread.delete(memory, cutOf[known.bodies.shift()!]!)
          if (known.bodies.length === 0) expected = others
        }
        expect(cuts).toEqual(expectedCuts)
      }
    }),
  )
})
