/**
 * Bounds how much runs at a time. What is beyond it waits in line for as long as it may, so that a burst is served whole
 * and an overload is turned away. The line is bounded too.
 */
export class Semaphore {
  readonly #permits: number
  readonly #maxWaiting: number
  readonly #line = new Set<() => void>()
  #taken = 0

  constructor(permits: number, maxWaiting: number) {
    this.#permits = permits
    this.#maxWaiting = maxWaiting
  }

  /**
   * Returns true, or resolves with it, once there is room; the caller then has to call `release`. False if `waitMs` are over,
   * the line is full, or the signal is aborted.
   */
  acquire(waitMs: number, signal?: AbortSignal): boolean | Promise<boolean> {
    if (this.#taken < this.#permits) {
      this.#taken++
      return true
    }
    if (this.#line.size >= this.#maxWaiting || signal?.aborted === true) return false
    return new Promise((resolve) => {
      const done = (acquired: boolean) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        this.#line.delete(enter)
        resolve(acquired)
      }
      const enter = () => done(true)
      const giveUp = () => done(false)
      const timer = setTimeout(giveUp, waitMs)
      timer.unref()
      signal?.addEventListener('abort', giveUp)
      this.#line.add(enter)
    })
  }

  release(): void {
    const [next] = this.#line
    if (next === undefined) this.#taken--
    else next() // the permit goes on to the first in line
  }
}
