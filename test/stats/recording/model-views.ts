// The measures and views of the programs.
import { type Aggregation, count, distribution, exponential, lastValue, percentiles, sum } from '../../../src/index.js'
import { BOUNDS, type MeasureModel, type ViewModel } from './naive-stats.js'

export const IDLE_MS = 1e9

export const MEASURES: readonly MeasureModel[] = [
  { unit: 'ms', signed: false, type: 'double' },
  { unit: 'ms', signed: true, type: 'double' },
  { unit: 'ms', signed: false, type: 'int64' },
  { unit: 'ms', signed: false, type: 'double' }, // its views have no tag keys
  { unit: 'ms', signed: false, type: 'double' }, // its views have context tags
  { unit: 'ms', signed: true, type: 'double' }, // belongs to another engine, as measure 0 of it
]

/** The measure of the other engine. */
export const OTHER_MEASURE = 5

export const VIEWS: readonly ViewModel[] = [
  { measure: 0, kind: 'count', tagKeys: [] },
  { measure: 0, kind: 'count', tagKeys: ['a'] },
  { measure: 0, kind: 'sum', tagKeys: ['a'] },
  { measure: 0, kind: 'distribution', tagKeys: ['a'] },
  { measure: 0, kind: 'lastValue', tagKeys: ['a'] },
  { measure: 0, kind: 'sum', tagKeys: ['a', 'b'] },
  { measure: 0, kind: 'count', tagKeys: ['b', 'a'] },
  { measure: 0, kind: 'sum', tagKeys: ['b'], rowLimit: 2 },
  { measure: 0, kind: 'count', tagKeys: ['size'] },
  { measure: 0, kind: 'distribution', tagKeys: ['values', 'record', 'newestHandle'] },
  { measure: 0, kind: 'count', tagKeys: ['a'], idleExpiryMs: IDLE_MS },
  { measure: 0, kind: 'sum', tagKeys: ['a', 'b', 'c', 'd', 'e'] },
  { measure: 1, kind: 'sum', tagKeys: [] },
  { measure: 1, kind: 'distribution', tagKeys: ['a'] },
  { measure: 1, kind: 'lastValue', tagKeys: ['b', 'a'], idleExpiryMs: IDLE_MS },
  { measure: 2, kind: 'sum', tagKeys: ['b'] },
  { measure: 2, kind: 'distribution', tagKeys: ['b'] },
  { measure: 2, kind: 'lastValue', tagKeys: [] },
  { measure: 3, kind: 'count', tagKeys: [] },
  { measure: 3, kind: 'distribution', tagKeys: [] },
  { measure: 0, kind: 'count', tagKeys: ['a'], contextTags: ['b'] },
  { measure: 0, kind: 'sum', tagKeys: [], contextTags: ['a'], rowLimit: 2 },
  { measure: 0, kind: 'sum', tagKeys: ['a', 'c', 'd', 'e'], contextTags: ['size', 'b'] },
  { measure: 1, kind: 'distribution', tagKeys: ['b'], contextTags: ['size', 'a'], idleExpiryMs: IDLE_MS },
  { measure: 2, kind: 'lastValue', tagKeys: [], contextTags: ['b'] },
  { measure: 0, kind: 'exponential', tagKeys: ['a'] },
  { measure: 0, kind: 'percentiles', tagKeys: ['b'], rowLimit: 2 },
  { measure: 1, kind: 'exponential', tagKeys: ['a', 'b'] },
  { measure: 1, kind: 'percentiles', tagKeys: [] },
  { measure: 0, kind: 'count', tagKeys: ['j', 'i', 'h', 'g', 'f', 'e', 'd', 'c', 'b', 'a'] },
  { measure: 4, kind: 'count', tagKeys: ['a'], contextTags: ['b'] },
  { measure: 4, kind: 'distribution', tagKeys: ['a'], contextTags: ['b'] },
  { measure: 4, kind: 'sum', tagKeys: [], contextTags: ['a'] },
  { measure: 0, kind: 'count', tagKeys: ['b'], rowLimit: 2 },
  { measure: 0, kind: 'distribution', tagKeys: ['a', 'b'] },
  { measure: 1, kind: 'lastValue', tagKeys: ['a'] },
  { measure: 2, kind: 'count', tagKeys: ['b', 'c'], rowLimit: 2 },
  { measure: 2, kind: 'sum', tagKeys: ['b', 'c'], rowLimit: 2 },
  { measure: 5, kind: 'count', tagKeys: [] },
  { measure: 5, kind: 'sum', tagKeys: ['a'] },
  { measure: 5, kind: 'distribution', tagKeys: ['a'] },
  { measure: 5, kind: 'lastValue', tagKeys: ['b'], contextTags: ['a'] },
  { measure: 5, kind: 'exponential', tagKeys: ['b'], idleExpiryMs: IDLE_MS },
]

/** A timer measures whole milliseconds: what it is to measure for a value of a program. */
export const timerMs = (value: unknown): number => (typeof value === 'number' && value >= 1 && value < 10 ? Math.floor(value) : 0)

export function aggregationOf({ kind }: ViewModel): Aggregation {
  if (kind === 'distribution') return distribution(BOUNDS)
  return { count, exponential, lastValue, percentiles, sum }[kind]()
}
