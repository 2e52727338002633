import type { Clock } from '../../base/clock.js'
import type { Epochs } from '../cells/cells.js'

/** How many ends of epochs are stored for each stride. */
const REMEMBERED = 1_024
/** Older epochs are stored at a lower resolution: the ends of the last 1 024 are exact, those of 33 million are known to about 1/30. */
const STRIDES = [1, 32, 1_024, 32_768] as const

/** The last epoch of a row is an Int32. */
const LAST_EPOCH = 2 ** 31 - 1

/**
 * The engine's epochs. A gathering begins the next epoch. A record stores the number of the current epoch in its row instead of reading a
 * clock. The log knows when each epoch ended, and therefore approximately how long ago a row was active.
 */
export class EpochLog implements Epochs {
  current = 1
  changes = 0
  readonly clock: Clock
  /** When epoch n * stride ended, at n % REMEMBERED, for each stride. */
  readonly #ends = STRIDES.map(() => new Float64Array(REMEMBERED))

  constructor(clock: Clock) {
    this.clock = clock
  }

  countChange(): void {
    this.changes++
  }

  /** Begins the next epoch. The last one that fits an Int32 never ends: rows are then encoded at each scrape and no longer expire. */
  advance(): void {
    this.changes++
    if (this.current === LAST_EPOCH) return
    const nowMs = this.clock.monotonicMs()
    for (const [level, stride] of STRIDES.entries()) {
      if (this.current % stride === 0) this.#ends[level]![(this.current / stride) % REMEMBERED] = nowMs
    }
    this.current++
  }

  /** The minimum time since the last value of a row with this last epoch, in milliseconds; 0 in the current epoch. */
  idleMs(lastEpoch: number): number {
    if (lastEpoch >= this.current) return 0
    return this.clock.monotonicMs() - this.#endAfter(lastEpoch)
  }

  /** The end of the first epoch from `lastEpoch` on whose end is stored. */
  #endAfter(lastEpoch: number): number {
    let level = 0
    while (level < STRIDES.length - 1 && this.#newest(level) - Math.ceil(lastEpoch / STRIDES[level]!) >= REMEMBERED) level++
    const at = Math.max(Math.ceil(lastEpoch / STRIDES[level]!), this.#newest(level) - REMEMBERED + 1)
    return this.#ends[level]![at % REMEMBERED]!
  }

  #newest(level: number): number {
    return Math.floor((this.current - 1) / STRIDES[level]!)
  }
}
