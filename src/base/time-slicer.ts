import { systemClock } from './clock.js'
import { inNextTurn } from './timer.js'

// Together with the piece of work that a slice ends with, a slice holds the event loop for less than 5 ms.
const SLICE_MS = 2

// One queue for the whole process. With a slice of each in every turn of the event loop, many concurrent scrapes would
// hold it for many slices.
const queue: (() => void)[] = []
let isScheduled = false

function runNext(): void {
  const run = queue.shift()
  isScheduled = queue.length > 0
  if (isScheduled) inNextTurn(runNext)
  run?.()
}

function enqueue(): Promise<void> {
  return new Promise((resolve) => {
    queue.push(resolve)
    if (isScheduled) return
    isScheduled = true
    inNextTurn(runNext)
  })
}

/** Divides long work into slices of about 2 ms, of which one runs in each turn of the event loop. */
export class TimeSlicer {
  readonly #signal: AbortSignal | undefined
  /** If other work is waiting already, the first slice is over before it begins. */
  #endsMs = isScheduled ? 0 : systemClock.monotonicMs() + SLICE_MS

  /** @param signal Ends the work with its reason at the next slice. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** True if the slice is over and {@link nextSlice} is due. */
  get isOver(): boolean {
    return systemClock.monotonicMs() >= this.#endsMs
  }

  /** Waits for the next slice. Throws the signal's reason if the signal is aborted. */
  async nextSlice(): Promise<void> {
    this.#signal?.throwIfAborted()
    await enqueue()
    this.#signal?.throwIfAborted()
    this.#endsMs = systemClock.monotonicMs() + SLICE_MS
  }
}
