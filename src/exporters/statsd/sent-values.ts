/** What the receiver has been sent of one series: the baseline of its next deltas. */
export class SentSeries {
  readonly key: string
  /** Number of the export that has last met the series. */
  seenIn = 0
  #startTimeUnixMs: number
  /** Sums of what was sent, by the number of the line in its series. */
  readonly #sent: number[] = []

  constructor(key: string, startTimeUnixMs: number) {
    this.key = key
    this.#startTimeUnixMs = startTimeUnixMs
  }

  sent(line: number): number {
    return this.#sent[line] ?? 0
  }

  /**
   * What the receiver has to add to know `total`; 0 if it knows it. The sum of what was sent is kept as the receiver computes it, so
   * that what one addition rounds off comes with the next delta.
   */
  delta(line: number, total: number): number {
    const sent = this.sent(line)
    const delta = total - sent
    return sent + delta === sent ? 0 : delta
  }

  commit(line: number, delta: number): void {
    this.#sent[line] = this.sent(line) + delta
  }

  /** Begins at 0 again if the series was reset: it has another start, or its count fell. */
  follow(startTimeUnixMs: number, line: number, total: number): void {
    const isOther = startTimeUnixMs !== this.#startTimeUnixMs && startTimeUnixMs === startTimeUnixMs
    if (isOther || total < this.sent(line)) this.#sent.length = 0
    if (isOther) this.#startTimeUnixMs = startTimeUnixMs
  }
}

/** Exports in which a series may be missing, since its producer failed, before what was sent of it is forgotten. */
const KEPT_EXPORTS = 100
/** Missing series that are remembered at most; beyond it those that are missing longest are forgotten first. */
const MAX_MISSING = 100_000

/**
 * What was sent, by series. A series is found by its name and labels, not by where its row lies: rows move to other chunks when a
 * view is registered, and snapshots are made anew for each export.
 */
export class SentValues {
  #export = 0
  readonly #series = new Map<string, SentSeries>()

  get size(): number {
    return this.#series.size
  }

  /** Begins an export. */
  begin(): void {
    this.#export++
  }

  /** The series of this key. Series of two producers may have one key: the second that an export meets is another one. */
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

  /** Takes a series that was found before, unless another row has taken it in this export or it was forgotten. */
  claim(series: SentSeries): boolean {
    if (series.seenIn === this.#export || this.#series.get(series.key) !== series) return false
    series.seenIn = this.#export
    return true
  }

  /** Ends an export: forgets series that have been missing for long. */
  end(): void {
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
