import { inNextTurn } from '../base/timer.js'

/** Writing a response takes 0.05 to 0.2 ms, so that these block the event loop for about 1 ms. */
const RESPONSES_PER_TURN = 8
/** Further responses begin at once, so that clients cannot make the queue longer. */
const MAX_WAITING = 2_000

/**
 * Limits how many responses begin in one turn of the event loop. Those of many requests become ready at the same time if their waits end
 * with one timer or one gathering.
 */
export class ResponseThrottle {
  readonly #waiting: (() => void)[] = []
  /** Responses that have begun in this turn. */
  #begun = 0

  /** Returns undefined if a response may begin in this turn, otherwise a promise of its turn. */
  turn(): Promise<void> | undefined {
    if (this.#begun === 0) inNextTurn(this.#nextTurn)
    if (this.#begun < RESPONSES_PER_TURN || this.#waiting.length >= MAX_WAITING) {
      this.#begun++
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  readonly #nextTurn = (): void => {
    const next = this.#waiting.splice(0, RESPONSES_PER_TURN)
    this.#begun = next.length
    if (this.#begun > 0) inNextTurn(this.#nextTurn)
    for (const begin of next) begin()
  }
}
