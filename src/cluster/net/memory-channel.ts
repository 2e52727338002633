import type { Channel } from './channel.js'

/** Creates the two ends of a channel within one process, through which the keeper joins itself. Frames arrive at once. */
export function memoryChannels(): [Channel, Channel] {
  const pair: MemoryChannel[] = []
  pair.push(new MemoryChannel(() => pair[1]!), new MemoryChannel(() => pair[0]!))
  return [pair[0]!, pair[1]!]
}

class MemoryChannel implements Channel {
  onFrame: (frame: Uint8Array | undefined) => void = () => {}
  readonly isBusy: boolean = false
  readonly isPeerGone: boolean = false
  readonly fault: undefined
  readonly sentBytes: number = 0 // nothing leaves the process
  readonly #other: () => MemoryChannel
  #isEnded = false

  constructor(other: () => MemoryChannel) {
    this.#other = other
  }

  send(frame: Uint8Array): void {
    if (!this.#isEnded) this.#other().onFrame(frame)
  }

  drained(): Promise<void> {
    return Promise.resolve()
  }

  pause(): void {}
  resume(): void {}

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#other().#isEnded = true
    this.onFrame(undefined)
    this.#other().onFrame(undefined)
  }
}
