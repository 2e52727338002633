import { internalCount, internalCounter, internalGauge, mergedGauge } from '../base/internal-metrics.js'
import type { MemberRecord } from './roster.js'

const departed = internalCounter('tallyscope_group_departed_members_total', 'Members of the group that have ended, by how.', 'how')
const asks = internalCounter('tallyscope_group_asks_total', 'Requests for changed rows to members of the group.', 'outcome')
const frameBytes = internalCounter('tallyscope_group_frame_bytes_total', 'Bytes of frames between members of the group.', 'direction')
const refused = internalCounter(
  'tallyscope_group_refused_members_total',
  'Connections that the keeper of the group refused or cut.',
  'reason',
)
const keeperChanges = internalCounter('tallyscope_group_keeper_changes_total', 'Times that a member became the keeper of the group.')
const rejected = internalCounter(
  'tallyscope_group_rejected_gatherings_total',
  'Gatherings of the group that failed, because their totals would have been too low.',
  'reason',
)

const leftOut = internalCounter(
  'tallyscope_group_left_out_families_total',
  'Merges that left out a definition that differs from the first.',
  'family',
)

export const countLeftOut = (family: string): void => void internalCount(leftOut, family).value++
export const countDeparted = (how: 'exit' | 'lost'): void => void internalCount(departed, how).value++
export const countRequest = (outcome: 'answered' | 'late'): void => void internalCount(asks, outcome).value++
export const countRefused = (reason: string): void => void internalCount(refused, reason).value++
export const countKeeperChange = (): void => void internalCount(keeperChanges).value++
export const countRejected = (reason: string): void => void internalCount(rejected, reason).value++

export function countFrameBytes(sent: number, received: number): void {
  internalCount(frameBytes, 'sent').value += sent
  internalCount(frameBytes, 'received').value += received
}

const members = internalGauge('tallyscope_group_members', 'Members of the group, by whether they answer in time.', 'state')
const memberAge = mergedGauge(
  'max',
  'tallyscope_group_member_age_seconds',
  'Time since a member of the group last sent its changes or answered that there are none.',
  'member',
)
const rows = internalGauge('tallyscope_group_rows', 'Merged rows of the group, overflow rows left out.')

/** Shows what the keeper knows of its members. Those that have ended are not shown any more. */
export function reportMembers(records: readonly MemberRecord[], mergedRows: number, nowMs: number): void {
  const late = records.filter(({ lateSinceMs }) => lateSinceMs !== undefined).length
  internalCount(members, 'live').value = records.length - late
  internalCount(members, 'late').value = late
  internalCount(rows).value = mergedRows
  memberAge.series.clear()
  for (const { slot, lastReceivedMs } of records) internalCount(memberAge, String(slot)).value = Math.max(0, nowMs - lastReceivedMs) / 1_000
}

/** Call when this process is the keeper no more: another one shows them. */
export function forgetMembers(): void {
  for (const gauge of [members, memberAge, rows]) gauge.series.clear()
}
