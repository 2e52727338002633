import { expect, test } from 'vitest'
import { inNextTurn } from '../../src/base/timer.js'
import { ResponseThrottle } from '../../src/serving/response-throttle.js'

const nextTurn = () => new Promise<void>((resolve) => void inNextTurn(resolve))

/** Lets so many responses wait for their turn, and counts those that have begun. */
function begin(throttle: ResponseThrottle, count: number): { readonly order: number[] } {
  const order: number[] = []
  const wait = async (at: number): Promise<void> => {
    await throttle.turn()
    order.push(at)
  }
  for (let at = 0; at < count; at++) void wait(at)
  return { order }
}

test('eight responses begin in each turn of the event loop, in the order in which they became ready', async () => {
  const { order } = begin(new ResponseThrottle(), 100)
  const perTurn: number[] = []
  while (order.length < 100) {
    const before = order.length
    await nextTurn()
    perTurn.push(order.length - before)
  }
  expect(Math.max(...perTurn.slice(1))).toBe(8)
  expect(perTurn[0]).toBeLessThanOrEqual(16) // the rest of the first turn and the second
  expect(order).toEqual(Array.from({ length: 100 }, (_, at) => at))
})

test('the first eight responses of a turn do not wait, and a later turn has room again', async () => {
  const throttle = new ResponseThrottle()
  const immediate = () => Array.from({ length: 9 }, () => throttle.turn() === undefined)
  expect(immediate()).toEqual([...Array.from({ length: 8 }, () => true), false])
  await nextTurn()
  await nextTurn()
  expect(immediate()).toEqual([...Array.from({ length: 8 }, () => true), false])
})

test('beyond two thousand waiting responses, further ones begin at once', async () => {
  const throttle = new ResponseThrottle()
  const { order } = begin(throttle, 8 + 2_000)
  await Promise.resolve()
  expect(order).toHaveLength(8)
  expect(throttle.turn()).toBeUndefined()
})
