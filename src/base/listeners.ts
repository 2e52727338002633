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

/** Marks listeners that stay last, which do not pass one another. All versions of the package have to agree on it. */
const STAYS_LAST = Symbol.for('tallyscope.staysLast')

/** True if the application has listeners of `exit`, which may record values. */
export function hasExitListeners(): boolean {
  return process.listeners('exit').some((listener) => !(STAYS_LAST in listener))
}

/** After so many moves another library wants to be last too. */
const MAX_MOVES = 1_000

/**
 * Keeps a listener of `exit` behind listeners that the application adds later, so that what they record is part of the last export. A
 * listener that is added in the turn of `process.exit()` stays behind it.
 *
 * @param listener A listener of `exit` of the process.
 * @returns A function that ends this, for when the listener is removed.
 */
export function keepLastAtExit(listener: () => void): () => void {
  Object.assign(listener, { [STAYS_LAST]: true })
  let moves = 0
  let isMoving = false
  const move = (): void => {
    isMoving = false
    if (!process.listeners('exit').includes(listener)) return
    process.off('exit', listener)
    process.on('exit', listener)
  }
  const onNewListener = (event: string | symbol, added: object): void => {
    if (event !== 'exit' || isMoving || STAYS_LAST in added || moves++ >= MAX_MOVES) return
    isMoving = true
    void Promise.resolve().then(move) // it is added after this event
  }
  process.on('newListener', onNewListener)
  return () => void process.off('newListener', onNewListener)
}
