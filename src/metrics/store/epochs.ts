import type { Clock } from '../../base/clock.js'
import type { Epochs } from './cells.js'

/** Ends of epochs kept of each stride. */
const REMEMBERED = 1_024
/** Every epoch, every 32nd, …: the further back, the coarser. The newest 1 024 are exact, 33 million known to about a thirtieth. */
const STRIDES = [1, 32, 1_024, 32_768] as const

/** Marks of rows are Int32. */
const LAST_EPOCH = 2 ** 31 - 1

/**
 * The engine's epochs: they move with gatherings, so that a record marks its row with a number instead of
 * reading a clock. The log knows when each ended, which is how long ago a row can have been active at most.
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

  /** Begins the next epoch. The last one that fits an Int32 never ends: rows are then rendered more often and expire no more. */
  advance(): void {
    this.changes++
    if (this.current === LAST_EPOCH) return
    const nowMs = this.clock.monotonicMs()
    for (const [level, stride] of STRIDES.entries()) {
      if (this.current % stride === 0) this.#ends[level]![(this.current / stride) % REMEMBERED] = nowMs
    }
    this.current++
  }

  /** How long a row with this last epoch has been without a value, at least; 0 within the running epoch. */
  idleMs(lastEpoch: number): number {
    if (lastEpoch >= this.current) return 0
    return this.clock.monotonicMs() - this.#endAfter(lastEpoch)
  }

  /** When the first epoch from `lastEpoch` on ended whose end is still known. */
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
