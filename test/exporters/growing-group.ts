import { ChangedRows } from '../../src/cluster/data/changed-rows.js'
import { DEFAULT_DATA_LIMITS } from '../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../src/cluster/data/merged-families.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'

/** The rows of a group of processes, and a function by which another process joins with one value, recorded at a time. */
export function growingGroup(): { readonly group: MergedFamilies; join(value: number, unixMs: number): void } {
  const group = new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS, perMember: [] })
  let members = 0
  return {
    group,
    join(value, unixMs) {
      const registry = new MetricRegistry({ clock: new ManualClock({ unixMs }) })
      registry.counter('jobs').inc(value)
      registry.histogram('time', { bounds: [10] }).observe(value)
      const contributor = group.contributor(`member ${members}`, members++)
      for (const frame of new ChangedRows([registry]).framesNow()) contributor.apply(frame)
    },
  }
}
