import { coarserIndex, upperBound } from '../../metrics/histograms/exponential-bounds.js'
import type { ExponentialBuckets, ExponentialValue } from '../../metrics/data/metric.js'

/** The maximum number of buckets of each sign. OTLP includes the empty ones between the first and the last that is not. */
const MAX_DENSE = 4_096

/** Lowers the resolution until each sign has at most {@link MAX_DENSE} buckets. No value is lost. */
export function sendable(value: ExponentialValue): ExponentialValue {
  let shown = value
  while (spread(shown.positive) > MAX_DENSE || spread(shown.negative) > MAX_DENSE) shown = coarser(shown, 1)
  return shown
}

/**
 * The difference of two states of a histogram. Returns undefined if `now` is not `before` with values added, that is, after a reset. The
 * resolution may have been lowered in between, and the zero bucket widened.
 */
export function exponentialGrowth(now: ExponentialValue, before: ExponentialValue): ExponentialValue | undefined {
  if (before.schema < now.schema || before.zeroThreshold > now.zeroThreshold) return undefined
  const { schema, zeroThreshold } = now
  let zeroBefore = before.zeroCount
  // Compare with the zero bucket at the resolution of `before`: a merged bucket may end beyond it.
  const rest = (buckets: ExponentialBuckets): Map<number, number> => {
    const counts = new Map<number, number>()
    for (const [at, index] of buckets.indexes.entries()) {
      const count = buckets.counts[at]!
      if (upperBound(index, before.schema) <= zeroThreshold) zeroBefore += count
      else {
        const coarser = coarserIndex(index, before.schema - schema)
        counts.set(coarser, (counts.get(coarser) ?? 0) + count)
      }
    }
    return counts
  }
  const positive = difference(now.positive, rest(before.positive))
  const negative = difference(now.negative, rest(before.negative))
  const zeroCount = now.zeroCount - zeroBefore
  if (positive === undefined || negative === undefined || zeroCount < 0) return undefined
  return { schema, zeroThreshold, zeroCount, positive, negative }
}

function difference(now: ExponentialBuckets, before: Map<number, number>): ExponentialBuckets | undefined {
  const indexes: number[] = []
  const counts: number[] = []
  for (const [at, index] of now.indexes.entries()) {
    const added = now.counts[at]! - (before.get(index) ?? 0)
    before.delete(index)
    if (added < 0) return undefined
    if (added === 0) continue
    indexes.push(index)
    counts.push(added)
  }
  return before.size > 0 ? undefined : { indexes, counts }
}

function coarser(value: ExponentialValue, by: number): ExponentialValue {
  if (by === 0) return value
  return { ...value, schema: value.schema - by, positive: merged(value.positive, by), negative: merged(value.negative, by) }
}

function merged({ indexes, counts }: ExponentialBuckets, by: number): ExponentialBuckets {
  const result: { indexes: number[]; counts: number[] } = { indexes: [], counts: [] }
  for (const [at, finer] of indexes.entries()) {
    const index = coarserIndex(finer, by)
    if (result.indexes.at(-1) === index) result.counts[result.counts.length - 1]! += counts[at]!
    else {
      result.indexes.push(index)
      result.counts.push(counts[at]!)
    }
  }
  return result
}

function spread({ indexes }: ExponentialBuckets): number {
  return indexes.length === 0 ? 0 : indexes.at(-1)! - indexes[0]! + 1
}
