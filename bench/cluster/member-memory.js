// @ts-check
import { ChangedRows } from '../../build/cluster/data/changed-rows.js'
import { DEFAULT_DATA_LIMITS } from '../../build/cluster/frames/contributor.js'
import { MergedFamilies } from '../../build/cluster/data/merged-families.js'
import { systemClock } from '../../build/base/clock.js'
import { collect } from '../harness.js'
import { BOUNDS, LATENCIES, MASK } from '../fixtures.js'
import { LABELS, labelValues } from '../fleets/fleet.js'
import { measured } from '../ours.js'

const ROWS = 10_000
const MEMBERS = 16

/** Memory in the keeper for each row of another member with 10,000 rows. @param {'counters' | 'distributions'} kind */
export function bytesPerRowAndMember(kind) {
  const { stats, measure } = measured([[kind === 'counters' ? 'count' : 'distribution', LABELS]])
  const labels = labelValues(ROWS)
  for (let at = 0; at < ROWS; at++) stats.record(measure, LATENCIES[at & MASK] ?? 0, labels.of(at))
  const limits = { ...DEFAULT_DATA_LIMITS, rows: ROWS, mergedRows: ROWS }
  const merged = new MergedFamilies({ clock: systemClock, limits })
  const contributors = []
  const join = () => {
    const contributor = merged.contributor(String(contributors.length), contributors.length)
    for (const frame of new ChangedRows([stats]).framesNow()) contributor.apply(frame)
    contributors.push(contributor)
  }
  for (let at = 0; at < 2; at++) join()
  const before = held()
  for (let at = 0; at < MEMBERS; at++) join()
  return (held() - before) / MEMBERS / ROWS
}

function held() {
  for (let at = 0; at < 3; at++) collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

if (BOUNDS.length !== 11 && BOUNDS.length !== 12) throw new Error('the limit is one for 12 buckets')
