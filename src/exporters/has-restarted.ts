import type { RowChunk } from '../metrics/data/row-source.js'

/**
 * True if a row began again after its values were sent: its start time is not the one that was sent. A row of several processes also gets
 * an earlier one, if a process that began earlier adds its values. NaN is an unknown time.
 */
export function hasRestarted(chunk: RowChunk, sentUnixMs: number, startTimeUnixMs: number): boolean {
  return startTimeUnixMs > sentUnixMs || (startTimeUnixMs < sentUnixMs && chunk.restartedIn === undefined)
}
