/** What members send each other: whole frames in order, each with its length, over a socket, a MessagePort or, in tests, memory. */
export interface Channel {
  /** Calls with each whole frame, in order, and once with `undefined` when the channel has ended. Set it at once. */
  onFrame: (frame: Uint8Array | undefined) => void
  /** True while the other side takes less than is sent. What is not urgent waits then. */
  readonly isBusy: boolean
  /** True if the end of the channel shows that the other side has ended, and will not come back. */
  readonly isPeerGone: boolean
  /** Bytes that were sent, for the counters. */
  readonly sentBytes: number
  send(frame: Uint8Array): void
  /** Resolves when the other side has taken enough, or the channel has ended. */
  drained(): Promise<void>
  /** Stops the reading, so that the other side has to wait. */
  pause(): void
  resume(): void
  /** Ends it after what was sent has been taken. */
  end(): void
  /** Ends it at once. */
  destroy(): void
}
