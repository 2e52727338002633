import type { Clock } from '../base/clock.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'
import type { ChangeReader, Contributor, DataLimits } from './frames/contributor.js'
import type { GroupFolder } from './net/group-folder.js'
import type { RejoinOptions } from './rejoining-members.js'

/** The rows of several members, added up. */
export interface MergedData {
  contributor(id: string, slot: number): Contributor
  readonly rowCount: number
  /** Call when all members of a former keeper have sent their rows. Until then, no definition of a family replaces another one. */
  settle(): void
  families(): readonly Family[]
  /** The totals of departed members alone. */
  departed(): readonly Family[]
}

/** Creates the objects that hold rows. Files of this folder that deal with connections use rows only through this interface. */
export interface GroupData {
  readonly clock: Clock
  readonly limits: Pick<DataLimits, 'frameBytes' | 'queueBytes'>
  merged(): MergedData
  /** Creates a copy of the rows of one contributor, without limits. */
  mirror(): MergedData
  changes(producers: readonly MetricProducer[]): ChangeReader
}

export interface KeeperOptions extends RejoinOptions {
  /** The id of this process as a member. */
  readonly id: string
  readonly data: GroupData
  readonly maxMembers: number
  readonly folder: GroupFolder | undefined
  /** Returns false if another process has become the keeper. */
  readonly isCurrent: () => boolean
  /** Sends all rows of this process again, for a new standby. */
  readonly restartOwnRows: () => void
}
