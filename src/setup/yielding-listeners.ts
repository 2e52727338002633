const SIGNAL_EXIT = Symbol.for('signal-exit emitter')

/**
 * The number of listeners for a signal that leave the end of the process to any other listener, as the shutdown hooks do. These are
 * those of the package signal-exit, version 3 and 4, which execa, proper-lockfile and write-file-atomic use.
 */
export function yieldingListeners(): number {
  const third = (process as { __signal_exit_emitter__?: unknown }).__signal_exit_emitter__
  const fourth = (globalThis as { [SIGNAL_EXIT]?: unknown })[SIGNAL_EXIT]
  return [third, fourth].reduce<number>((sum, emitter) => sum + (Number((emitter as { count?: unknown } | undefined)?.count) || 0), 0)
}

/**
 * Marks a listener of `uncaughtException` that leaves the end of the process to Sentry's. That one ends it only if all other listeners have
 * this mark.
 */
export const YIELDS_TO_SENTRY = { _errorHandler: true } as const
