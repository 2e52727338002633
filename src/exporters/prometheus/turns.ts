import { systemClock } from '../../base/clock.js'

const SLICE_MS = 5

/** Keeps long work in slices, so that whatever else the process does gets its turn in between. */
export class Turns {
  readonly #signal: AbortSignal | undefined
  #endsMs = systemClock.monotonicMs() + SLICE_MS

  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** True when a slice is over and {@link next} is due. */
  get over(): boolean {
    return systemClock.monotonicMs() >= this.#endsMs
  }

  /** Lets others run; throws the signal's reason where the work is no longer wanted. */
  async next(): Promise<void> {
    this.#signal?.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
    this.#signal?.throwIfAborted()
    this.#endsMs = systemClock.monotonicMs() + SLICE_MS
  }
}
