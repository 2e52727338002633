import { internalCount, internalCounter } from '../base/internal-metrics.js'

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
export const countAsk = (outcome: 'answered' | 'late'): void => void internalCount(asks, outcome).value++
export const countRefused = (reason: string): void => void internalCount(refused, reason).value++
export const countKeeperChange = (): void => void internalCount(keeperChanges).value++
export const countRejected = (reason: string): void => void internalCount(rejected, reason).value++

export function countFrameBytes(sent: number, received: number): void {
  internalCount(frameBytes, 'sent').value += sent
  internalCount(frameBytes, 'received').value += received
}
