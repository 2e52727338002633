import type { GatheringContext } from '../../metrics/data/producer.js'

/** Limits of what a group accepts from its members. Whatever exceeds them is refused and counted. */
export interface DataLimits {
  /** Families that one member may define. Default 10 000. */
  readonly definitions: number
  /** Rows that one member may have. Each 64 buckets of a row count as one more. Default 100 000. */
  readonly rows: number
  /** Rows of all merged families together, overflow rows left out; a family's own limit is that of its view. Buckets count alike. Default 100 000. */
  readonly mergedRows: number
  /** Bytes of a frame, its length included. A row that needs more is not sent. Default 1 MiB. */
  readonly frameBytes: number
  /** Bytes of frames that wait to be applied, for each member: its connection is not read meanwhile. Default 1 MiB. */
  readonly queueBytes: number
}

const MEBIBYTE = 1 << 20

export const DEFAULT_DATA_LIMITS: DataLimits = Object.freeze({
  ...{ definitions: 10_000, rows: 100_000, mergedRows: 100_000 },
  ...{ frameBytes: MEBIBYTE, queueBytes: MEBIBYTE },
})

/** How a member has ended: `exit` if it sent LEAVE, `lost` if its connection ended without it and it did not rejoin. */
export type Departure = 'exit' | 'lost'

/**
 * The rows of one member of a group in {@link MergedFamilies}. Frames have absolute values, so that a frame that arrives twice changes
 * nothing.
 */
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
  /**
   * True leaves out the gauges of a late member at once; false shows them again. Cumulatives stay in any case.
   */
  setLate(isLate: boolean): void
  /** Leaves out the gauges and keeps the cumulatives of a member that may rejoin, until its next RESTART. */
  disconnect(): void
  /** Ends the membership: gauges are removed, cumulatives are added to the departed totals. No frame may be applied after it. */
  depart(how: Departure): void
}

/**
 * Returns what has changed in some producers since the last call, as data frames. Each reader remembers what it has sent, so that
 * several readers of one producer do not disturb each other. Calls must not overlap.
 */
export interface ChangeReader {
  /** Rows that were sent and are still there. */
  readonly rowCount: number
  /**
   * Gathers, then yields the frames of what has changed, in slices of 2 ms. A yielded frame counts as sent: a caller that cannot send it
   * must call `restart`. Ending the iteration early loses nothing.
   */
  frames(context?: GatheringContext): AsyncIterable<Uint8Array>
  /**
   * The same without waiting, for the end of a process. Producers that return a promise are left out. May be called while `frames` is
   * being iterated; its open frame comes first.
   */
  framesNow(): Iterable<Uint8Array>
  /** The next call yields RESTART, all rows, then COMPLETE. The first call of a new reader does so too. */
  restart(): void
}
