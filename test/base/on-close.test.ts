import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { onClose } from '../../src/base/on-close.js'

test('all waiting callbacks are called once on close, and cancelled ones are not', () => {
  const emitter = new EventEmitter()
  const calls = [vi.fn(), vi.fn(), vi.fn()]
  const [, callOff] = calls.map((fn) => onClose(emitter, fn))
  callOff!()
  callOff!()
  expect(emitter.listenerCount('close')).toBe(1)
  emitter.emit('close')
  emitter.emit('close')
  expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 1])
})

test('a second close of an emitter can be waited for', () => {
  const emitter = new EventEmitter()
  const fn = vi.fn()
  onClose(emitter, fn)
  emitter.emit('close')
  onClose(emitter, fn)
  emitter.emit('close')
  expect(fn).toHaveBeenCalledTimes(2)
})
