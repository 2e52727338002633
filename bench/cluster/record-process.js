// @ts-check
// Records into 10,000 rows, as a member of a group or without one. The parent asks for the time of a record.
import { shareMetrics } from 'tallyscope/cluster'
import { LABELS, labelValues } from '../fleets/fleet.js'
import { measured } from '../ours.js'
import { answerParent } from '../process-meter.js'
import { median } from '../statistics.js'
import { CALLS, LENGTH } from '../walk.js'

const ROWS = 10_000
const SAMPLES = 500

const { stats, measure } = measured([['count', LABELS]])
const labels = labelValues(ROWS)
const objects = Array.from({ length: LENGTH }, (_, at) => labels.of(at % ROWS))
for (const each of objects) stats.record(measure, 1, each)
const group = process.argv[2] === 'member' ? shareMetrics({ name: `bench-${process.pid}`, producers: [stats] }) : undefined
await group?.getFamilies()

/** @param {number} from */
function sampleNs(from) {
  const started = performance.now()
  for (let at = from | 0; at < ((from + CALLS) | 0); at++) stats.record(measure, 1, /** @type {{}} */ (objects[at]))
  return ((performance.now() - started) * 1e6) / CALLS
}

answerParent({
  recordNs: () => median(Array.from({ length: SAMPLES }, (_, sample) => sampleNs((sample * CALLS) % LENGTH))),
  leave: () => group?.leave(),
})
process.send?.({ url: 'none' })
