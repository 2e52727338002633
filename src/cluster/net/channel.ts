import type { TallyscopeError } from '../../base/errors.js'

/** What members send each other: whole frames in order, each with its length, over a socket, a MessagePort or, in tests, memory. */
export interface Channel {
  /** Called with each whole frame in order, and once with `undefined` when the channel has ended. Set it at once. */
  onFrame: (frame: Uint8Array | undefined) => void
  /** True while the other side reads more slowly than is sent. Wait for {@link drained} then, unless the frame is urgent. */
  readonly isBusy: boolean
  /** True if the end of the channel shows that the other process or thread has ended. */
  readonly isPeerGone: boolean
  /** Why what came could not be divided into frames; undefined if it could. The channel has ended then. */
  readonly fault: TallyscopeError | undefined
  /** Bytes that were sent, for the counters. */
  readonly sentBytes: number
  send(frame: Uint8Array): void
  /** Resolves when the channel is no longer busy, or has ended. */
  drained(): Promise<void>
  /** Stops reading, so that the other side has to wait. */
  pause(): void
  resume(): void
  /** Ends the channel after everything sent has been delivered. */
  end(): void
  /** Ends the channel at once. */
  destroy(): void
}
