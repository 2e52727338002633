import type { Clock } from '../base/clock.js'
import type { DataLimits } from './data/contributor.js'
import type { GroupData } from './group-data.js'
import { SnapshotChanges } from './snapshots/snapshot-changes.js'
import { SnapshotMerge } from './snapshots/snapshot-merge.js'

export interface GroupDataOptions {
  readonly limits: DataLimits
  /** Names of families, `*` for any characters. */
  readonly perMember: readonly string[]
  readonly clock: Clock
}

/** How rows of this engine are sent and added up. */
export function groupData({ limits, perMember, clock }: GroupDataOptions): GroupData {
  const patterns = perMember.map((pattern) => pattern.split('*'))
  return {
    clock,
    merged: () => new SnapshotMerge({ limits, isPerMember: (name) => patterns.some((parts) => matches(parts, name)) }),
    mirror: () => new SnapshotMerge({ limits: { ...limits, rows: Infinity, definitions: Infinity }, isPerMember: () => false }),
    changes: (producers) => new SnapshotChanges(producers, clock),
  }
}

/** True if the name has these parts in this order, the first at its beginning and the last at its end. */
function matches(parts: readonly string[], name: string): boolean {
  if (parts.length === 1) return name === parts[0]
  let at = 0
  for (const [index, part] of parts.entries()) {
    const found = index === parts.length - 1 ? name.length - part.length : name.indexOf(part, at)
    if (found < at || (index === 0 && found !== 0) || !name.startsWith(part, found)) return false
    at = found + part.length
  }
  return true
}
