import { describe, expect, test, vi } from 'vitest'
import { keepLastAtExit } from '../../src/base/process-end.js'

describe('keepLastAtExit', () => {
  const order = () => process.listeners('exit').map((listener) => (listener as () => string)())
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  test('keeps a listener behind those that are added later, and two of them in their order', async () => {
    const before = process.listeners('exit')
    process.removeAllListeners('exit')
    const [first, second, foreign, later] = ['first', 'second', 'foreign', 'later'].map((name) => () => name) as (() => never)[]
    process.on('exit', first!)
    process.on('exit', second!)
    const stops = [keepLastAtExit(first!), keepLastAtExit(second!)]
    const emitted = vi.fn()
    process.on('newListener', emitted)

    process.on('exit', foreign!)
    await turn()
    expect(order()).toEqual(['foreign', 'first', 'second'])
    process.once('exit', later!)
    await turn()
    expect(order()).toEqual(['foreign', 'later', 'first', 'second'])
    expect(emitted).toHaveBeenCalledTimes(6) // they do not pass one another for ever

    process.off('exit', second!)
    process.off('exit', foreign!)
    process.on('exit', foreign!)
    await turn()
    expect(order()).toEqual(['later', 'foreign', 'first'])

    for (const stop of stops) stop()
    process.off('newListener', emitted)
    process.removeAllListeners('exit')
    for (const listener of before) process.on('exit', listener)
  })
})
