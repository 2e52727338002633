import type { GatheringContext } from '../../metrics/data/producer.js'

/** Limits of the rows and frames that a group accepts from its members. A member that exceeds one is refused and counted. */
export interface DataLimits {
  /** Families that one member may define, and a fourth of those of the group. Each 4 kB of a definition count as one more. Default 10 000. */
  readonly definitions: number
  /** Rows that one member may have. Each 64 buckets of a row count as one more. Default 100 000. */
  readonly rows: number
  /** Rows of all merged families together, without overflow rows, buckets counted in the same way. Default 100 000. */
  readonly mergedRows: number
  /** Bytes of a frame, its length included. A row that needs more is not sent. Default 1 MiB. */
  readonly frameBytes: number
  /** Bytes of frames of one member that wait to be applied. While it is reached, the connection is not read. Default 1 MiB. */
  readonly queueBytes: number
}

const MEBIBYTE = 1 << 20

export const DEFAULT_DATA_LIMITS: DataLimits = Object.freeze({
  ...{ definitions: 10_000, rows: 100_000, mergedRows: 100_000 },
  ...{ frameBytes: MEBIBYTE, queueBytes: MEBIBYTE },
})

/** How a member has left: `exit` if it sent LEAVE, `lost` if its connection ended without LEAVE and it did not rejoin. */
export type Departure = 'exit' | 'lost'

/** The rows of one member in {@link MergedFamilies}. Frames have absolute values, so that a frame that arrives twice changes nothing. */
export interface Contributor {
  readonly id: string
  /** Small number of the member: the value of the label `member` in families with the merge rule `each`. */
  readonly slot: number
  /** The number of its rows. */
  readonly rowCount: number
  /**
   * Applies one whole data frame (see `isDataFrame`), its length included. A frame is applied wholly or not at all. Each new connection of
   * a member begins with RESTART: its rows replace the former ones. COMPLETE removes former rows that were not sent again.
   * @throws {@link FrameError} `ERR_GROUP_FRAME`, `ERR_GROUP_LIMIT`: this frame is not applied, frames before it are. Close the connection.
   */
  apply(frame: Uint8Array): void
  /** Hides the gauges of a late or disconnected member, or shows them again, as RESTART does. Its cumulatives stay. */
  showGauges(isShown: boolean): void
  /** Removes the gauges of a member that has ended, and adds its cumulatives to the departed totals. Apply no frames after it. */
  depart(): void
}

/** Sends a frame before it returns. It returns a promise if the next frame has to wait. */
export type FrameSender = (frame: Uint8Array) => boolean | Promise<boolean>

/**
 * Reads the changes of some producers since the last call, as data frames. Several readers may read one producer, because each remembers
 * which rows it has sent. Calls must not overlap.
 */
export interface ChangeReader {
  /** The number of rows that were sent and not removed since. */
  readonly rowCount: number
  /**
   * Gathers, then passes the frames of all changes to `send`, in slices of 2 ms. Each counts as sent, unless `send` returns false, which
   * ends the call: `restart` must follow.
   */
  sendTo(send: FrameSender, context?: GatheringContext): Promise<void>
  /**
   * The same without waiting, for the end of a process. Producers that return a promise are left out. May be called during `sendTo`, whose
   * open frame comes first.
   */
  framesNow(): Iterable<Uint8Array>
  /** The next call yields RESTART, all rows, then COMPLETE. The first call of a new reader does so too. */
  restart(): void
}
