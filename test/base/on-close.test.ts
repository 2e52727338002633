import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { whenClosed } from '../../src/base/on-close.js'

test('all who wait are called once when it closes, those who called off are not', () => {
  const emitter = new EventEmitter()
  const calls = [vi.fn(), vi.fn(), vi.fn()]
  const [, callOff] = calls.map((fn) => whenClosed(emitter, fn))
  callOff!()
  callOff!()
  expect(emitter.listenerCount('close')).toBe(1)
  emitter.emit('close')
  emitter.emit('close')
  expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 1])
})

test('an emitter that closes again is waited for again', () => {
  const emitter = new EventEmitter()
  const fn = vi.fn()
  whenClosed(emitter, fn)
  emitter.emit('close')
  whenClosed(emitter, fn)
  emitter.emit('close')
  expect(fn).toHaveBeenCalledTimes(2)
})
