import type { Clock } from '../../base/clock.js'
import type { Epochs } from './cells.js'

/** Ends of epochs kept of each stride. */
const REMEMBERED = 1_024
/** Every epoch, every 32nd, …: the further back, the coarser. The newest 1 024 are exact, 33 million are known to about 1/30. */
const STRIDES = [1, 32, 1_024, 32_768] as const

/** The last epoch of a row is an Int32. */
const LAST_EPOCH = 2 ** 31 - 1

/**
 * The engine's epochs: they move with gatherings, so that a record stores a number in its row instead of
 * reading a clock. The log knows when each epoch ended, which bounds how long ago a row was active.
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

  /** Begins the next epoch. The last one that fits an Int32 never ends: rows are then rendered more often and no longer expire. */
  advance(): void {
    this.changes++
    if (this.current === LAST_EPOCH) return
    const nowMs = this.clock.monotonicMs()
    for (const [level, stride] of STRIDES.entries()) {
      if (this.current % stride === 0) this.#ends[level]![(this.current / stride) % REMEMBERED] = nowMs
    }
    this.current++
  }

  /** The least time for which a row with this last epoch has had no value, in milliseconds; 0 within the running epoch. */
  idleMs(lastEpoch: number): number {
    if (lastEpoch >= this.current) return 0
    return this.clock.monotonicMs() - this.#endAfter(lastEpoch)
  }

  /** The end of the first epoch, from `lastEpoch` on, whose end is still known. */
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
