import type { Clock } from '../base/clock.js'
import { ChangedRows } from './data/changed-rows.js'
import type { DataLimits } from './frames/contributor.js'
import { MergedFamilies } from './data/merged-families.js'
import type { GroupData } from './group-data.js'
import { countDropped, countLeftOut } from './group-metrics.js'

interface GroupDataOptions {
  readonly limits: DataLimits
  /** Names of families, `*` for any characters. */
  readonly perMember: readonly string[]
  readonly clock: Clock
}

/** Creates {@link GroupData} for rows of this library. */
export function groupData({ limits, perMember, clock }: GroupDataOptions): GroupData {
  // The limits of one member do not apply to a copy of the merged rows, which come from all members.
  const all = { ...limits, rows: Number.MAX_SAFE_INTEGER, definitions: Number.MAX_SAFE_INTEGER, mergedRows: Number.MAX_SAFE_INTEGER }
  return {
    clock,
    limits,
    merged: () => new MergedFamilies({ limits, perMember, clock, isSettled: false, onLeftOut: countLeftOut }),
    mirror: () => new MergedFamilies({ limits: all, clock }),
    changes: (producers) => new ChangedRows(producers, { frameBytes: limits.frameBytes, onDropped: countDropped }),
  }
}
