import { DefinitionError } from './errors.js'
import { isThenable } from './finally-async.js'
import { processEnd } from './process-end.js'

/**
 * Sends batches to one destination. A periodic task or a transport decides when it is called. A rejection is counted. The batch is
 * retried if the error is an `ExportError` with `retryable`.
 */
export interface Exporter<T> {
  export(items: readonly T[]): Promise<void> | void
  /** Exports without waiting when the process ends. Throws if `export` would reject. */
  exportSync?(items: readonly T[]): void
  /** Writes at once the items that `export` has accepted and not written yet. Throws if some of them are lost. */
  flushSync?(): void
  /** Closes files and sockets. Called once; `export` is not called afterwards. */
  shutdown?(): Promise<void> | void
}

/** Decides when items go to an exporter, and how many at once. */
export interface Transport<T> {
  /** Accepts one item. Never throws and never blocks. */
  send(item: T): void
  /** Resolves when everything sent before has been exported or counted as lost, or after `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>
  /** Flushes within the grace period, then shuts down the exporter. Further calls return the same promise. */
  shutdown(): Promise<void>
  /** Exports what can be exported without waiting when the process ends; the rest is counted and logged. */
  flushSync?(): void
}

/** @throws {@link DefinitionError} `ERR_EXPORTER` */
export function checkExporter(exporter: unknown): void {
  if (typeof (exporter as Partial<Exporter<unknown>> | undefined | null)?.export === 'function') return
  throw new DefinitionError('ERR_EXPORTER', 'an exporter must have export(items): it has none')
}

/**
 * Exports without waiting, if the exporter can: with `exportSync`, or, at the end of the process, with an `export` that does not return a
 * promise. Throws what the exporter throws.
 * @returns False if the items must be counted as lost.
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
