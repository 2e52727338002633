import { processGlobal } from './process-global.js'

/** Set by shutdown hooks. */
interface ProcessEnd {
  /** True once the process is ending: a warning that is emitted in the next tick would be lost. */
  isNow: boolean
  /** True if the event loop was empty and nothing has run since shutdown hooks flushed, except for listeners of `exit`. */
  isIdle: boolean
  /** True if the application had listeners of `exit` when the event loop was empty. */
  hasExitListeners: boolean
}

export const processEnd: ProcessEnd = processGlobal('process-end', () => ({ isNow: false, isIdle: false, hasExitListeners: false }))

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
