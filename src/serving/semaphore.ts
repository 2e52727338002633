import { timerClock } from '../base/clock.js'

interface Waiting {
  readonly endsMs: number
  enter(): void
  giveUp(): void
}

/**
 * Limits how many calls run at the same time. Further ones wait in a queue, which is limited in length and time, so that a burst is served
 * and an overload is refused.
 */
export class Semaphore {
  readonly #permits: number
  readonly #maxWaiting: number
  readonly #queue = new Set<Waiting>()
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
    if (this.#queue.size >= this.#maxWaiting && !this.#endOverdue()) return false
    return new Promise((resolve) => {
      const done = (acquired: boolean) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        this.#queue.delete(waiting)
        resolve(acquired)
      }
      const giveUp = () => done(false)
      const waiting: Waiting = { endsMs: timerClock.monotonicMs() + waitMs, enter: () => done(true), giveUp }
      const timer = setTimeout(giveUp, waitMs)
      timer.unref()
      signal?.addEventListener('abort', giveUp)
      this.#queue.add(waiting)
    })
  }

  release(): void {
    const [next] = this.#queue
    if (next === undefined) this.#inUse--
    else next.enter() // the first in the queue gets the permit
  }

  /**
   * Ends the wait of a call whose time is over. Its timer has not run yet if many calls arrive in one turn of the event loop, and they
   * would occupy the queue. Returns false if there is none.
   */
  #endOverdue(): boolean {
    const nowMs = timerClock.monotonicMs()
    for (const { endsMs, giveUp } of this.#queue) {
      if (endsMs > nowMs) continue
      giveUp()
      return true
    }
    return false
  }
}
