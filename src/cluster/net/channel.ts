import type { TallyscopeError } from '../../base/errors.js'

/** A connection between two members. It sends whole frames in order over a socket, or in memory within a process and in tests. */
export interface Channel {
  /** Called with each whole frame in order, and once with `undefined` when the channel has ended. Set it at once. */
  onFrame: (frame: Uint8Array | undefined) => void
  /** True while the other side reads more slowly than this side sends. Wait for {@link drained} then, unless the frame is urgent. */
  readonly isBusy: boolean
  /** True if the end of the channel shows that the other process or thread has ended. */
  readonly isPeerGone: boolean
  /** The error of received bytes that cannot be divided into frames. It has ended the channel. Undefined if there was none. */
  readonly fault: TallyscopeError | undefined
  /** Bytes of all frames that were sent. */
  readonly sentBytes: number
  send(frame: Uint8Array): void
  /** Resolves when the channel is no longer busy, or has ended. */
  drained(): Promise<void>
  /** Stops reading, so that the other side has to wait, until `resume` is called. */
  pause(): void
  resume(): void
  /** Ends the channel after all frames have been delivered. */
  end(): void
  /** Ends the channel at once. */
  destroy(): void
}
