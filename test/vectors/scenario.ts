import { distribution, type Aggregation, count, lastValue, sum } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { Stats } from '../../src/stats/stats.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import type { View } from '../../src/stats/views/view.js'
import type { ViewRow } from '../../src/stats/views/view-data.js'

export type AggregationName = 'count' | 'sum' | 'last_value' | 'distribution'

export function aggregationOf(name: AggregationName, bounds: readonly number[] = []): Aggregation {
  return { count, sum, last_value: lastValue, distribution: () => distribution(bounds) }[name]()
}

interface Step {
  readonly register?: {
    readonly name: string
    readonly as?: string
    readonly ref?: string
    readonly measure: string
    readonly agg: { readonly type: AggregationName; readonly bounds?: readonly number[] }
    readonly columns: readonly string[]
  }
  readonly record?: readonly (readonly [measure: string, value: number])[]
  readonly tags?: Readonly<Record<string, string>>
  readonly attachments?: Readonly<Record<string, string>>
}

export interface Scenario {
  readonly measures: Readonly<Record<string, { readonly type: 'int' | 'double' }>>
  readonly steps: readonly Step[]
}

/** Registers and records step by step in an engine of its own, and answers the rows of each view. */
export function playScenario({ measures, steps }: Scenario): Record<string, unknown[]> {
  const stats = new Stats()
  const made = new Map<string, Measure>()
  const kept = new Map<string, View>()
  for (const [name, { type }] of Object.entries(measures)) made.set(name, stats.measure(name, { type: type === 'int' ? 'int64' : 'double' }))
  for (const { register, record, tags, attachments } of steps) {
    if (register !== undefined) {
      const { name, measure, agg, columns } = register
      const options = { name, measure: made.get(measure)!, aggregation: aggregationOf(agg.type, agg.bounds), tagKeys: columns }
      const view = stats.viewManager.registerView(kept.get(register.ref ?? '') ?? options)
      kept.set(register.as ?? name, view)
    }
    if (record !== undefined) {
      const batch = stats.statsRecorder.newMeasurementMap()
      for (const [measure, value] of record) batch.put(made.get(measure)!, value)
      for (const [key, text] of Object.entries(attachments ?? {})) batch.putAttachment(key, text)
      batch.record(TagMap.of(tags ?? {}))
    }
  }
  return Object.fromEntries(stats.viewManager.getAllViewData().map(({ view, rows }) => [view.name, rows.map(rowOf).sort(byTags)]))
}

function rowOf({ tagValues, data }: ViewRow): Row & Record<string, unknown> {
  const tags = Object.fromEntries(Object.entries(tagValues).map(([key, value]) => [key, value ?? null]))
  switch (data.kind) {
    case 'count':
      return { tags, count: data.value }
    case 'sum':
      return { tags, sum: data.value }
    case 'lastValue':
      return { tags, last_value: data.value }
    case 'distribution': {
      const exemplars = data.exemplars?.map((exemplar) => exemplar && { value: exemplar.value, attachments: exemplar.attachments })
      return {
        tags,
        count: data.count,
        sum: data.sum,
        buckets: data.bucketCounts,
        ...(exemplars && { exemplars: exemplars.map((exemplar) => exemplar ?? null) }),
      }
    }
    default:
      throw new Error('rows of this kind are in no scenario')
  }
}

const byTags = (one: Row, other: Row): number => (sortedJson(one.tags) < sortedJson(other.tags) ? -1 : 1)

type Row = { readonly tags: object }

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
  )
}
