import { type Exporter, isExportedNow } from '../../base/exporter.js'
import type { RateLimitedLog } from '../../base/rate-limited-log.js'
import { processEnd } from '../../base/logger.js'
import { runDetached } from '../../base/suppression.js'
import { exportFailure } from '../../base/export-failure.js'
import type { TransportStats } from './transport-stats.js'

interface Parts<T> {
  readonly exporter: Exporter<T>
  readonly stats: TransportStats
  readonly log: RateLimitedLog
}

/** Exports items that are in flight without waiting, as far as the exporter can; the rest is counted and logged. */
export function exportNow<T>({ exporter, stats, log }: Parts<T>, items: readonly T[]): void {
  if (items.length === 0) return
  try {
    if (runDetached(() => isExportedNow(exporter, items))) return stats.exported(items.length)
    stats.dropDeparted(items.length, 'exit')
    log.report(`cannot export without waiting: ${items.length} items are lost`)
  } catch (error) {
    const { delivered } = exportFailure(error, items.length)
    stats.exported(delivered)
    stats.rejected(items.length - delivered, 'failed')
    log.report('has failed', error)
  }
}

/**
 * Settles exports that are under way, if the exporter can write at once what it has been given or the process is ending.
 * @returns whether they are counted now; how they really end must then not be counted again.
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
    log.report(`has failed, ${items} items are lost`, error)
  }
  return true
}
