import { mock } from 'node:test'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.js'
import { type SliceOwner, TimeSlicer } from '../../src/base/time-slicer.js'

afterEach(() => {
  vi.restoreAllMocks()
  mock.timers.reset()
})

test('a slice ends after 2 ms, and the next one begins at its end', async () => {
  let nowMs = 0
  vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => nowMs)
  const slicer = new TimeSlicer()
  nowMs = 1.9
  expect(slicer.isOver).toBe(false)
  nowMs = 2
  expect(slicer.isOver).toBe(true)
  await slicer.nextSlice()
  expect(slicer.isOver).toBe(false)
})

test('work that begins in one turn of the event loop shares its slice', async () => {
  let nowMs = 0
  vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => nowMs)
  await new Promise(setImmediate)
  const first = new TimeSlicer()
  nowMs = 1.5
  const second = new TimeSlicer()
  expect([first.isOver, second.isOver]).toEqual([false, false])
  nowMs = 2
  expect([first.isOver, second.isOver, new TimeSlicer().isOver]).toEqual([true, true, true])
  await new Promise(setImmediate)
  expect(new TimeSlicer().isOver).toBe(false)
})

test('one slice of all waiting work runs in each turn of the event loop, in order of arrival', async () => {
  const order: string[] = []
  const wait = async (name: string) => {
    await new TimeSlicer().nextSlice()
    order.push(name)
  }
  const all = Promise.all([wait('a'), wait('b'), wait('c')])
  await new Promise(setImmediate)
  expect(order).toEqual(['a'])
  await all
  expect(order).toEqual(['a', 'b', 'c'])
})

test('work of the process itself gets every second slice while clients wait', async () => {
  const order: string[] = []
  const wait = async (name: string, owner?: SliceOwner) => {
    await new TimeSlicer(undefined, owner).nextSlice()
    order.push(name)
  }
  await new TimeSlicer(undefined, 'client').nextSlice()
  const clients = ['c1', 'c2', 'c3', 'c4'].map((name) => wait(name, 'client'))
  await Promise.all([...clients, wait('p1'), wait('p2')])
  expect(order).toEqual(['p1', 'c1', 'p2', 'c2', 'c3', 'c4'])
})

test('work that begins while other work waits yields the first slice to it', async () => {
  const waiting = new TimeSlicer().nextSlice()
  expect(new TimeSlicer().isOver).toBe(true)
  await waiting
})

test('an aborted signal ends the work with its reason, before and during the wait', async () => {
  const before = AbortSignal.abort(new Error('before'))
  await expect(new TimeSlicer(before).nextSlice()).rejects.toThrow('before')
  const during = new AbortController()
  const next = new TimeSlicer(during.signal).nextSlice()
  during.abort(new Error('during'))
  await expect(next).rejects.toThrow('during')
})

test.each(['node:test', 'vitest'])('a slice comes while the timers are faked by %s', async (by) => {
  if (by === 'vitest') vi.useFakeTimers({ toFake: ['setImmediate'] })
  else mock.timers.enable({ apis: ['setImmediate'] })
  await new TimeSlicer().nextSlice()
  vi.useRealTimers()
})
