import { internalCount, internalCounter, internalGauge, mergedGauge } from '../base/internal-metrics.js'
import type { MemberRecord } from './roster.js'

const departed = internalCounter('tallyscope_group_departed_members_total', 'Members of the group that have ended, by how.', 'how')
const requests = internalCounter('tallyscope_group_asks_total', 'Requests for changed rows to members of the group.', 'outcome')
const frameBytes = internalCounter('tallyscope_group_frame_bytes_total', 'Bytes of frames between members of the group.', 'direction')
const refused = internalCounter(
  'tallyscope_group_refused_members_total',
  'Connections that the keeper of the group refused or closed because of what was sent.',
  'reason',
)
const keeperChanges = internalCounter(
  'tallyscope_group_keeper_changes_total',
  'Times that this process became the keeper of a group that already had one.',
)
const rejected = internalCounter(
  'tallyscope_group_rejected_gatherings_total',
  'Gatherings of the group that failed because totals would have been too low.',
  'reason',
)

const leftOut = internalCounter(
  'tallyscope_group_left_out_families_total',
  'Families of a member that were left out because their definition differs from the one shown.',
  'family',
)

const dropped = internalCounter(
  'tallyscope_group_dropped_total',
  'Rows, exemplars and families of this process that were not sent because they need more than `limits.frameBytes`.',
  'what',
)
const fullQueues = internalCounter(
  'tallyscope_group_full_queues_total',
  'Times that the connection of a member was not read because `limits.queueBytes` of its messages were waiting.',
)

const droppedFiles = internalCounter(
  'tallyscope_group_dropped_files_total',
  'Files of final rows that were removed unread, because there were more than 1024 at once.',
)

export const countDroppedFiles = (files: number): void => void (internalCount(droppedFiles).value += files)
export const countDropped = (what: 'row' | 'exemplar' | 'family'): void => void internalCount(dropped, what).value++
export const countFullQueue = (): void => void internalCount(fullQueues).value++
export const countLeftOut = (family: string): void => void internalCount(leftOut, family).value++
export const countDeparted = (how: 'exit' | 'lost'): void => void internalCount(departed, how).value++
export const countRequest = (outcome: 'answered' | 'late'): void => void internalCount(requests, outcome).value++
export const countRefused = (reason: string): void => void internalCount(refused, reason).value++
export const countKeeperChange = (): void => void internalCount(keeperChanges).value++
export const countRejected = (reason: string): void => void internalCount(rejected, reason).value++

export function countFrameBytes(sent: number, received: number): void {
  internalCount(frameBytes, 'sent').value += sent
  internalCount(frameBytes, 'received').value += received
}

const members = internalGauge('tallyscope_group_members', 'Members of the group: `live` if they reply in time, otherwise `late`.', 'state')
const memberAge = mergedGauge(
  'max',
  'tallyscope_group_member_age_seconds',
  'Time since a member of the group last sent something.',
  'member',
)
const rows = internalGauge('tallyscope_group_rows', 'Merged rows of the group, without overflow rows.')

/** What a keeper has reported last. */
interface Report {
  readonly live: number
  readonly late: number
  readonly mergedRows: number
  /** By slot. */
  readonly agesS: ReadonlyMap<number, number>
}

/** By keeper, because a process may be the keeper of several groups. */
const reports = new Map<object, Report>()

/** Sets the gauges of a keeper's members, and removes the series of those that have ended. */
export function reportMembers(keeper: object, records: readonly MemberRecord[], mergedRows: number, nowMs: number): void {
  const late = records.filter(({ lateSinceMs }) => lateSinceMs !== undefined).length
  const agesS = new Map(records.map(({ slot, lastReceivedMs }) => [slot, Math.max(0, nowMs - lastReceivedMs) / 1_000]))
  reports.set(keeper, { live: records.length - late, late, mergedRows, agesS })
  showReports()
}

/** Removes the gauges of a keeper's members when this process is no longer the keeper. The new keeper reports them. */
export function forgetMembers(keeper: object): void {
  reports.delete(keeper)
  showReports()
}

/** Members and rows of several groups are added up. The age is the greatest of members with the same number. */
function showReports(): void {
  for (const gauge of [members, memberAge, rows]) gauge.series.clear()
  for (const { live, late, mergedRows, agesS } of reports.values()) {
    internalCount(members, 'live').value += live
    internalCount(members, 'late').value += late
    internalCount(rows).value += mergedRows
    for (const [slot, ageS] of agesS) {
      const age = internalCount(memberAge, String(slot))
      age.value = Math.max(age.value, ageS)
    }
  }
}
