import type { Clock } from '../../base/clock.js'
import { startTimer } from '../../base/timer.js'

/** A delay that can be ended early. */
export class EndableDelay {
  #end: (() => void) | undefined

  /** Resolves after `delayMs`, or when {@link end} is called. */
  wait(clock: Clock, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = startTimer(clock, delayMs, () => this.end())
      this.#end = () => {
        stop()
        resolve()
      }
    })
  }

  end(): void {
    const end = this.#end
    this.#end = undefined
    end?.()
  }
}
