import type { GatheringContext } from '../../metrics/data/producer.js'

/** What a group takes from its members. Everything beyond is refused and counted. */
export interface DataLimits {
  /** Families that one member may define. Default 10 000. */
  readonly definitions: number
  /** Rows that one member may have. Default 100 000. */
  readonly rows: number
  /** Rows of all merged families together, overflow rows left out; a family's own limit is that of its view. Default 100 000. */
  readonly mergedRows: number
}

export const DEFAULT_DATA_LIMITS: DataLimits = Object.freeze({ definitions: 10_000, rows: 100_000, mergedRows: 100_000 })

/** How a member has ended: `exit` if it sent LEAVE, `lost` if its connection ended without it and it did not rejoin. */
export type Departure = 'exit' | 'lost'

/**
 * What one member of a group contributes to {@link MergedFamilies}. Absolute values are applied, so that a frame that arrives twice
 * changes nothing.
 */
export interface Contributor {
  readonly id: string
  /** Small number of the member, which rows of `each` families have as their label `member`. */
  readonly slot: number
  /** Rows that it has now. */
  readonly rowCount: number
  /**
   * Applies one whole data frame (see `isDataFrame`), its length included; wholly or not at all. A stream that begins with RESTART,
   * as each new connection of the same member does, replaces what was known of it; rows that are not sent again go with COMPLETE.
   * @throws {@link FrameError} `ERR_GROUP_FRAME`, `ERR_GROUP_LIMIT`: nothing of this frame counts, all before it does; close the connection.
   */
  apply(frame: Uint8Array): void
  /**
   * True leaves its gauges out while it is late; false shows them again. The caller waits for as long as old gauges are to stay
   * (60 s): this happens at once. Cumulatives stay in any case.
   */
  setLate(isLate: boolean): void
  /** Leaves the gauges out at once and keeps the cumulatives, for a member that may come back. A RESTART frame ends it. */
  disconnect(): void
  /** Ends the membership: gauges are removed, cumulatives are added to the departed totals. No frame may be applied after it. */
  depart(how: Departure): void
}

/**
 * What has changed in some producers since this reader was last asked, as data frames. Each reader remembers by itself what it has
 * sent, so that several do not take changes from each other. One call at a time.
 */
export interface ChangeReader {
  /**
   * Gathers, then returns the frames of what has changed, in slices of 2 ms. What was returned counts as sent: a caller that cannot
   * send a frame must call `restart`. Ending the iteration early loses nothing.
   */
  frames(context?: GatheringContext): AsyncIterable<Uint8Array>
  /**
   * The same at once, for the end of a process: of producers that answer at once. May be called while `frames` is under way, whose
   * open frame then comes first.
   */
  framesNow(): Iterable<Uint8Array>
  /** The next call sends RESTART, everything, COMPLETE. A new reader begins so. */
  restart(): void
}
