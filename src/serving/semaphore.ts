/**
 * Room for scrapes that are being answered. Those beyond it wait in line for as long as they may, so that a burst is
 * answered whole and an overload is turned away; the line has an end too.
 */
export class Semaphore {
  readonly #slots: number
  readonly #places: number
  readonly #line = new Set<() => void>()
  #taken = 0

  constructor(slots: number, places: number) {
    this.#slots = slots
    this.#places = places
  }

  /** Resolves with true once there is room, with false when `waitMs` are over or the line is full. Who got true calls `leave`. */
  async enter(waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#taken < this.#slots) {
      this.#taken++
      return true
    }
    if (this.#line.size >= this.#places || signal.aborted) return false
    return new Promise((resolve) => {
      const done = (entered: boolean) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        this.#line.delete(enter)
        resolve(entered)
      }
      const enter = () => done(true)
      const giveUp = () => done(false)
      const timer = setTimeout(giveUp, waitMs)
      timer.unref()
      signal.addEventListener('abort', giveUp)
      this.#line.add(enter)
    })
  }

  leave(): void {
    const [next] = this.#line
    if (next === undefined) this.#taken--
    else next() // the slot goes on to the first in line
  }
}
