import { systemClock } from '../../base/clock.js'

// With the piece of work that a slice ends with, one holds the event loop for less than 5 ms.
const SLICE_MS = 2

// One line for all documents of the process: with a slice for each of them in every turn of the event loop, many scrapes at
// a time would hold it up for many slices.
const line: (() => void)[] = []
let isMoving = false

function letOneGo(): void {
  const go = line.shift()
  if (line.length > 0) setImmediate(letOneGo)
  else isMoving = false
  go?.()
}

function standInLine(): Promise<void> {
  return new Promise((resolve) => {
    line.push(resolve)
    if (isMoving) return
    isMoving = true
    setImmediate(letOneGo)
  })
}

/** Keeps long work in slices, of which one runs in each turn of the event loop, so that everything else gets its turn. */
export class Turns {
  readonly #signal: AbortSignal | undefined
  /** Where others wait already, the first slice is over before it began. */
  #endsMs = isMoving ? 0 : systemClock.monotonicMs() + SLICE_MS

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
    await standInLine()
    this.#signal?.throwIfAborted()
    this.#endsMs = systemClock.monotonicMs() + SLICE_MS
  }
}
