import type { RowChunk } from '../../metrics/data/row-source.js'
import { hasRestarted } from '../has-restarted.js'

/** The values of one series that have been sent: the baseline of its next deltas. */
export class SentSeries {
  readonly key: string
  /** The number of the last export that contained the series. */
  seenIn = 0
  #startTimeUnixMs: number
  /** The sum of the deltas that were sent, by the number of the line in the series. */
  readonly #sent: number[] = []

  constructor(key: string, startTimeUnixMs: number) {
    this.key = key
    this.#startTimeUnixMs = startTimeUnixMs
  }

  sent(line: number): number {
    return this.#sent[line] ?? 0
  }

  /**
   * The delta to `total`, 0 if there is none. The sum of all deltas is computed as the receiver does it. Its rounding error, one unit in
   * the last place, is not a delta, and is corrected by the next one.
   */
  delta(line: number, total: number): number {
    const sent = this.sent(line)
    const delta = total - sent
    return Math.abs(delta) <= Math.abs(sent) * Number.EPSILON ? 0 : delta
  }

  commit(line: number, delta: number): void {
    this.#sent[line] = this.sent(line) + delta
  }

  /** Sets the baseline to 0 if the series was reset: its row has restarted, or its count has fallen. */
  detectReset(chunk: RowChunk, cell: number, line: number, total: number): void {
    const startTimeUnixMs = chunk.startTimeUnixMs(cell)
    if (hasRestarted(chunk, this.#startTimeUnixMs, startTimeUnixMs) || this.delta(line, total) < 0) this.#sent.length = 0
    if (!Number.isNaN(startTimeUnixMs)) this.#startTimeUnixMs = startTimeUnixMs
  }
}

/** A series that is missing, because its producer failed, keeps its baseline for this number of exports. */
const KEPT_EXPORTS = 100
/** The maximum number of missing series. Beyond it, those missing longest are removed. */
const MAX_MISSING = 100_000

/**
 * The baselines of all series. A series is found by its name and labels, because rows move to other chunks when a view is registered, and
 * snapshots are new objects in each export.
 */
export class SentValues {
  #export = 0
  readonly #series = new Map<string, SentSeries>()

  begin(): void {
    this.#export++
  }

  /** Returns the series of a key. If producers share a key, the second row of an export with this key gets a separate series. */
  find(key: string, startTimeUnixMs: number): SentSeries {
    for (let occurrence = 1; ; occurrence++) {
      const own = occurrence === 1 ? key : `${key}\n${occurrence}`
      let series = this.#series.get(own)
      if (series === undefined) {
        series = new SentSeries(own, startTimeUnixMs)
        this.#series.set(own, series)
      } else if (series.seenIn === this.#export) continue
      series.seenIn = this.#export
      return series
    }
  }

  /** Marks a series that was found before as used. Returns false if it is already used in this export, or was removed. */
  claim(series: SentSeries): boolean {
    if (series.seenIn === this.#export || this.#series.get(series.key) !== series) return false
    series.seenIn = this.#export
    return true
  }

  /**
   * Ends an export. Removes series that have been missing for too long.
   * @param isComplete False if not all rows were reached. Series that it did not contain are then not missing.
   */
  end(isComplete: boolean): void {
    if (!isComplete) {
      for (const series of this.#series.values()) if (series.seenIn < this.#export) series.seenIn++
      return
    }
    const missing: SentSeries[] = []
    for (const series of this.#series.values()) {
      if (series.seenIn < this.#export - KEPT_EXPORTS) this.#series.delete(series.key)
      else if (series.seenIn < this.#export) missing.push(series)
    }
    if (missing.length <= MAX_MISSING) return
    missing.sort((one, other) => one.seenIn - other.seenIn)
    for (const { key } of missing.slice(0, missing.length - MAX_MISSING)) this.#series.delete(key)
  }
}
