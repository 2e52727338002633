import type { EventEmitter } from 'node:events'

const waiting = new WeakMap<EventEmitter, Set<() => void>>()

/**
 * Calls `fn` once when `emitter` closes. It gets one listener however many wait: a connection with many pipelined requests
 * would otherwise be reported as a leak.
 *
 * @returns a function that calls it off; calling it late or twice is harmless.
 */
export function onClose(emitter: EventEmitter, fn: () => void): () => void {
  let waiters = waiting.get(emitter)
  if (waiters === undefined) {
    const all = new Set<() => void>()
    waiters = all
    waiting.set(emitter, all)
    emitter.once('close', () => {
      waiting.delete(emitter)
      for (const each of all) each()
    })
  }
  waiters.add(fn)
  return () => void waiters.delete(fn)
}
