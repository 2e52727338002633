/**
 * Limits how many calls run at the same time. Further ones wait in a queue, which is limited in length and time, so that a burst is served
 * and an overload is refused.
 */
export class Semaphore {
  readonly #permits: number
  readonly #maxWaiting: number
  readonly #queue = new Set<() => void>()
  #inUse = 0

  constructor(permits: number, maxWaiting: number) {
    this.#permits = permits
    this.#maxWaiting = maxWaiting
  }

  /**
   * Acquires a permit. Returns true, or a promise that resolves with true; the caller then has to call `release`. False if `waitMs` are
   * over, the queue is full, or the signal is aborted.
   */
  acquire(waitMs: number, signal?: AbortSignal): boolean | Promise<boolean> {
    if (signal?.aborted === true) return false
    if (this.#inUse < this.#permits) {
      this.#inUse++
      return true
    }
    if (this.#queue.size >= this.#maxWaiting) return false
    return new Promise((resolve) => {
      const done = (acquired: boolean) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        this.#queue.delete(enter)
        resolve(acquired)
      }
      const enter = () => done(true)
      const giveUp = () => done(false)
      const timer = setTimeout(giveUp, waitMs)
      timer.unref()
      signal?.addEventListener('abort', giveUp)
      this.#queue.add(enter)
    })
  }

  release(): void {
    const [next] = this.#queue
    if (next === undefined) this.#inUse--
    else next() // the first in the queue gets the permit
  }
}
