import { TimeSlicer } from '../../base/time-slicer.js'
import type { Channel } from './channel.js'

/** The memory of a frame beside its bytes. It counts, because a million frames of some bytes each could wait otherwise. */
const FRAME_OVERHEAD_BYTES = 128

interface Inbox {
  readonly channel: Channel
  readonly apply: (frame: Uint8Array | undefined) => void
  readonly frames: (Uint8Array | undefined)[]
  queuedBytes: number
  isPaused: boolean
  isWaiting: boolean
}

/**
 * Applies the frames of all channels in turn, in slices of 2 ms. A channel whose queue is full is paused, so that its sender waits.
 * libuv reads up to 2 MiB of each socket in one turn of the event loop, which would block it for long if all were applied at once.
 */
export class FrameQueue {
  readonly #waiting: Inbox[] = []
  #isRunning = false
  readonly #maxBytes: number
  readonly #onFull: () => void

  /** @param maxBytes Limit of the waiting frames of one channel. Reading continues when half of them have been applied. */
  constructor(maxBytes: number, onFull: () => void) {
    this.#maxBytes = maxBytes
    this.#onFull = onFull
  }

  /** @param apply Called with each frame in order, and with `undefined` when the channel has ended. May not throw. */
  attach(channel: Channel, apply: (frame: Uint8Array | undefined) => void): void {
    const inbox: Inbox = { channel, apply, frames: [], queuedBytes: 0, isPaused: false, isWaiting: false }
    channel.onFrame = (frame) => {
      inbox.frames.push(frame)
      inbox.queuedBytes += sizeOf(frame)
      if (inbox.queuedBytes > this.#maxBytes && !inbox.isPaused) {
        inbox.isPaused = true
        this.#onFull()
        channel.pause()
      }
      this.#queue(inbox)
      if (!this.#isRunning) void this.#run()
    }
  }

  /** Applies all frames that have arrived, without waiting, when the process ends. */
  flushSync(): void {
    for (let inbox = this.#next(); inbox !== undefined; inbox = this.#next()) {
      while (inbox.frames.length > 0) this.#applyNext(inbox)
    }
  }

  #queue(inbox: Inbox): void {
    if (inbox.isWaiting) return
    inbox.isWaiting = true
    this.#waiting.push(inbox)
  }

  #next(): Inbox | undefined {
    const inbox = this.#waiting.shift()
    if (inbox !== undefined) inbox.isWaiting = false
    return inbox
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    const slicer = new TimeSlicer()
    await slicer.nextSlice() // so that all frames of this turn are in the queue
    while (this.#waiting.length > 0) {
      if (slicer.isOver) {
        await slicer.nextSlice()
        continue // the queue may have been flushed meanwhile
      }
      const inbox = this.#next()!
      this.#applyNext(inbox)
      if (inbox.frames.length > 0) this.#queue(inbox)
    }
    this.#isRunning = false
  }

  #applyNext(inbox: Inbox): void {
    if (inbox.frames.length === 0) return
    const frame = inbox.frames.shift()
    inbox.queuedBytes -= sizeOf(frame)
    inbox.apply(frame)
    if (inbox.isPaused && inbox.queuedBytes < this.#maxBytes / 2) {
      inbox.isPaused = false
      inbox.channel.resume()
    }
  }
}

const sizeOf = (frame: Uint8Array | undefined): number => (frame === undefined ? 0 : FRAME_OVERHEAD_BYTES + frame.length)
