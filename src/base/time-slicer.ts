import { systemClock } from './clock.js'
import { inNextTurn } from './timer.js'

// A slice may be exceeded by its last piece of work. Both together block the event loop for less than 5 ms.
const SLICE_MS = 2

/** For whom work is done: for clients, who decide how much of it there is, or for the process itself. */
export type SliceOwner = 'client' | 'process'

// One slice in each turn of the event loop, for the whole process. With a slice of each in every turn, many concurrent
// scrapes would hold it for many slices. The two queues take turns, so that an export waits for one scrape at a time.
const queues: Readonly<Record<SliceOwner, (() => void)[]>> = { client: [], process: [] }
let lastServed: SliceOwner = 'client'
let isScheduled = false

function nextOwner(): SliceOwner {
  const other = lastServed === 'client' ? 'process' : 'client'
  return queues[other].length > 0 ? other : lastServed
}

function runNext(): void {
  lastServed = nextOwner()
  const run = queues[lastServed].shift()
  isScheduled = queues[nextOwner()].length > 0
  if (isScheduled) inNextTurn(runNext)
  run?.()
}

function enqueue(owner: SliceOwner): Promise<void> {
  return new Promise((resolve) => {
    queues[owner].push(resolve)
    if (isScheduled) return
    isScheduled = true
    inNextTurn(runNext)
  })
}

/** When the slice of this turn of the event loop ends; 0 if none has begun in it. */
let turnEndsMs = 0

/** Work that begins in one turn shares its slice. Many short pieces could otherwise block the event loop for long. */
function endOfSlice(): number {
  if (isScheduled) return 0
  if (turnEndsMs === 0) {
    turnEndsMs = systemClock.monotonicMs() + SLICE_MS
    inNextTurn(() => {
      turnEndsMs = 0
    })
  }
  return turnEndsMs
}

/** Divides long work into slices of about 2 ms, of which one runs in each turn of the event loop. */
export class TimeSlicer {
  readonly #signal: AbortSignal | undefined
  readonly #owner: SliceOwner
  /** If other work is waiting already, the first slice is over before it begins. */
  #endsMs = endOfSlice()

  /** @param signal Ends the work with its reason at the next slice. */
  constructor(signal?: AbortSignal, owner: SliceOwner = 'process') {
    this.#signal = signal
    this.#owner = owner
  }

  /** True if the slice is over and {@link nextSlice} is due. */
  get isOver(): boolean {
    return systemClock.monotonicMs() >= this.#endsMs
  }

  /** Waits for the next slice. Throws the signal's reason if the signal is aborted. */
  async nextSlice(): Promise<void> {
    this.#signal?.throwIfAborted()
    await enqueue(this.#owner)
    this.#signal?.throwIfAborted()
    this.#endsMs = systemClock.monotonicMs() + SLICE_MS
  }
}
