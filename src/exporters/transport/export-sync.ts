import { type Exporter, isExportedNow } from '../../base/exporter.js'
import type { RateLimitedLog } from '../../base/rate-limited-log.js'
import { processEnd } from '../../base/process-end.js'
import { runDetached } from '../../base/suppression.js'
import { exportFailure } from '../../base/export-failure.js'
import type { TransportStats } from './transport-stats.js'

interface Parts<T> {
  readonly exporter: Exporter<T>
  readonly stats: TransportStats
  readonly log: RateLimitedLog
}

/** Exports items in flight synchronously. If the exporter cannot, they are counted as dropped and logged. */
export function exportNow<T>({ exporter, stats, log }: Parts<T>, items: readonly T[]): void {
  if (items.length === 0) return
  try {
    if (runDetached(() => isExportedNow(exporter, items))) return stats.exported(items.length)
    stats.dropDeparted(items.length, 'exit')
    log.report(`cannot export synchronously: ${items.length} items are lost`)
  } catch (error) {
    const { delivered } = exportFailure(error, items.length)
    stats.exported(delivered)
    stats.rejected(items.length - delivered, 'failed')
    log.report('failed', error)
  }
}

/**
 * Settles running exports, if the exporter has `flushSync` or the process is ending.
 * @returns true if the items have been counted. The results of their exports must then not be counted again.
 */
export function settleNow<T>({ exporter, stats, log }: Parts<T>, items: number): boolean {
  if (items === 0) return false
  if (typeof exporter.flushSync !== 'function') {
    if (!processEnd.isNow) return false
    stats.dropDeparted(items, 'exit')
    log.report(`was exporting ${items} items when the process ended: they may be lost`)
    return true
  }
  try {
    runDetached(() => exporter.flushSync?.())
    stats.exported(items)
  } catch (error) {
    stats.rejected(items, 'failed')
    log.report(`failed, ${items} items are lost`, error)
  }
  return true
}
