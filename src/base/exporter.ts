/**
 * Sends batches to one destination. It does not know when or why it is called: that is the work of a
 * periodic task or a transport. A rejection is counted and, for an `ExportError` with `retryable`, tried again.
 */
export interface Exporter<T> {
  export(items: readonly T[]): Promise<void> | void
  /** Lets go of files and sockets. Called once; `export` is not called afterwards. */
  shutdown?(): Promise<void> | void
}

/** Decides when items go to an exporter, and how many at once. */
export interface Transport<T> {
  /** Takes one item; never throws, never blocks. */
  send(item: T): void
  /** Resolves when everything sent before has been exported or counted as lost, or after `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>
  /** Flushes within the grace period, then lets the exporter shut down. Calling it again gives the same promise. */
  shutdown(): Promise<void>
  /** Hands on what it can without waiting, for the last words of a process. */
  flushSync?(): void
}
