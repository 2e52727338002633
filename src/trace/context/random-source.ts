import { randomFillSync } from 'node:crypto'

/** The source of ids: 32 random bits at a time, as a signed integer. */
export interface RandomWords {
  next(): number
}

const POOL_WORDS = 8_192

/**
 * Random words of the operating system, fetched 32 kB at a time: a word is then one array read
 * (about 3 ns) instead of a call into the system (about 3 000 ns).
 */
export class PooledRandomSource implements RandomWords {
  readonly #pool = new Int32Array(POOL_WORDS)
  #next = POOL_WORDS

  next(): number {
    if (this.#next === POOL_WORDS) {
      randomFillSync(this.#pool)
      this.#next = 0
    }
    return this.#pool[this.#next++]!
  }
}
