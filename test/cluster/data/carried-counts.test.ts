import { expect, test } from 'vitest'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import { DEFAULT_DATA_LIMITS } from '../../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import type { DistributionValue } from '../../../src/metrics/data/metric.js'
import type { RowSource } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import type { StoreChunk } from '../../../src/metrics/store/store-chunk.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const BEFORE = 2 ** 31 - 10

test('counters and buckets of members are correct below, at and above 2^31', () => {
  const group = new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS })
  const members = [0, 1].map((slot) => {
    const registry = new MetricRegistry()
    const done = registry.counter('done')
    const time = registry.histogram('time', { bounds: [5] })
    const reader = new ChangedRows([registry])
    const contributor = group.contributor(String(slot), slot)
    return (amount: number): void => {
      done.inc(amount)
      time.observe(1)
      if (amount > 1) setBucket(registry, amount)
      for (const frame of reader.framesNow()) contributor.apply(frame)
    }
  })
  const seen = (): unknown[] => {
    const [done, time] = group.getMetrics().map(({ timeSeries }) => timeSeries[0]!.points[0]!.value)
    const { count, bucketCounts } = time as DistributionValue
    return [done, count, bucketCounts[0]]
  }
  for (const record of members) record(BEFORE)
  for (let more = 1; more <= 20; more++) {
    for (const [at, record] of members.entries()) {
      record(1)
      expect(seen()).toEqual(Array(3).fill(2 * (BEFORE + more) - (1 - at)))
    }
  }
})

/** Sets the count of the first bucket, which would take days of records. */
function setBucket(registry: MetricRegistry, count: number): void {
  for (const { kind, chunks } of registry.getFamilies() as readonly RowSource[]) {
    if (kind !== 'distribution') continue
    const { columns } = (chunks[0] as unknown as { chunk: StoreChunk }).chunk
    const { buckets } = columns[0] as unknown as { buckets: Int32Array }
    buckets[0] = count
  }
}
