import type { EventEmitter } from 'node:events'
import { getOrInsert } from './get-or-insert.js'

const waiting = new WeakMap<EventEmitter, Set<() => void>>()

/**
 * Calls `fn` once when `emitter` closes. The emitter gets only one listener for all calls, since Node would report a connection with many
 * pipelined requests as a leak.
 *
 * @returns A function that cancels it. It may be called late or twice.
 */
export function onClose(emitter: EventEmitter, fn: () => void): () => void {
  const waiters = getOrInsert(waiting, emitter, () => {
    const all = new Set<() => void>()
    emitter.once('close', () => {
      waiting.delete(emitter)
      for (const each of all) each()
    })
    return all
  })
  waiters.add(fn)
  return () => void waiters.delete(fn)
}
