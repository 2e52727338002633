import type { Clock } from '../base/clock.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'
import type { ChangeReader, Contributor } from './data/contributor.js'

/** The rows of several members, added up. */
export interface MergedData {
  contributor(id: string, slot: number): Contributor
  readonly rowCount: number
  families(): readonly Family[]
  /** The totals of departed members alone. */
  departed(): readonly Family[]
}

/** How the parts of a group that know connections make those that know rows. */
export interface GroupData {
  readonly clock: Clock
  merged(): MergedData
  /** Takes the rows of one contributor as they are. */
  mirror(): MergedData
  changes(producers: readonly MetricProducer[]): ChangeReader
}
