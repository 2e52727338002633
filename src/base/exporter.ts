import { isThenable } from './finally-async.js'
import { processEnd } from './logger.js'

/**
 * Sends batches to one destination. It does not know when or why it is called: that is the work of a
 * periodic task or a transport. A rejection is counted and, for an `ExportError` with `retryable`, tried again.
 */
export interface Exporter<T> {
  export(items: readonly T[]): Promise<void> | void
  /** Exports without waiting, for what is left when the process ends. Throws if `export` would reject. */
  exportSync?(items: readonly T[]): void
  /** Writes at once what `export` has been given and has not written yet, each item once. Throws if some of it is lost. */
  flushSync?(): void
  /** Lets go of files and sockets. Called once; `export` is not called afterwards. */
  shutdown?(): Promise<void> | void
}

/** Decides when items go to an exporter, and how many at once. */
export interface Transport<T> {
  /** Takes one item; never throws, never blocks. */
  send(item: T): void
  /** Resolves when everything sent before has been exported or counted as lost, or after `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>
  /** Flushes within the grace period, then lets the exporter shut down. Calling it again returns the same promise. */
  shutdown(): Promise<void>
  /** Exports what can be exported without waiting when the process ends; the rest is counted and logged. */
  flushSync?(): void
}

/**
 * Exports without waiting, if the exporter can: by `exportSync`, or, at the end of the process, by an `export` that returns no
 * promise. Throws what it throws.
 * @returns false if the items are lost as far as anybody can know.
 */
export function isExportedNow<T>(exporter: Exporter<T>, items: readonly T[]): boolean {
  if (typeof exporter.exportSync === 'function') {
    exporter.exportSync(items)
    return true
  }
  if (!processEnd.isNow) return false
  const exporting: unknown = exporter.export(items)
  if (!isThenable(exporting)) return true
  Promise.resolve(exporting).catch(() => {}) // counted as lost already
  return false
}
