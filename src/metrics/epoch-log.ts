import type { Clock } from '../base/clock.js'
import type { Epochs } from './cells.js'

const REMEMBERED = 4_096

/**
 * The engine's epochs: they move with gatherings, so that a record marks its row with a number instead of
 * reading a clock. The log knows when each ended, which is how long ago a row can have been active at most.
 */
export class EpochLog implements Epochs {
  current = 1
  structure = 0
  readonly clock: Clock
  /** When epoch e ended, at e % REMEMBERED. */
  readonly #ends = new Float64Array(REMEMBERED)

  constructor(clock: Clock) {
    this.clock = clock
  }

  restructure(): void {
    this.structure++
    this.advance()
  }

  advance(): void {
    this.#ends[this.current % REMEMBERED] = this.clock.monotonicMs()
    this.current++
  }

  /** How long a row with this mark has been without a value, at least; 0 within the running epoch. */
  idleMs(mark: number): number {
    if (mark >= this.current) return 0
    const known = Math.max(mark, this.current - REMEMBERED)
    return this.clock.monotonicMs() - this.#ends[known % REMEMBERED]!
  }
}
