// Rows as lines, by view, whatever they are read from: view data, snapshots, a page.
import type { Metric, PointValue, ViewData } from '../../../src/index.js'
import { readText } from '../../exporters/prometheus/format/text-reader.js'
import { lineOf } from './naive-stats.js'
import { VIEWS } from './model-views.js'
import type { ShortStep } from './record-program.js'

/** The lines of each view by its name. */
export type Rows = Readonly<Record<string, readonly string[]>>

/** Labels of every series of an engine. Views with a tag of this key keep their own. */
export const CONSTANT_LABELS: Readonly<Record<string, string>> = { shop: 'corner', a: 'constant' }

const kindOf = (name: string): string => VIEWS[Number(name.slice(1))]!.kind

function keyOf(isOverflow: boolean, values: readonly (string | undefined)[]): string {
  return isOverflow ? 'overflow' : JSON.stringify(values.map((text) => text ?? null))
}

function lineOfValue(key: string, value: PointValue): string[] {
  if (typeof value === 'number') return lineOf(key, { value })
  const { count, sum } = value
  if (value.kind === 'summary' || value.exponential !== undefined) return lineOf(key, { count, sum, buckets: [], exemplars: [] })
  const exemplars = value.bucketCounts.map((_, bucket) => {
    const exemplar = value.exemplars?.[bucket]
    return exemplar === undefined ? '-' : `${exemplar.attachments['trace_id']}=${exemplar.value}`
  })
  return lineOf(key, { count, sum, buckets: value.bucketCounts, exemplars })
}

/** What the engines hold. */
export function rowsOfViews(views: readonly ViewData[]): Rows {
  const lines = views.map(({ view, rows }) => {
    const all = rows.flatMap(({ tagValues, overflow, data }) => {
      const key = keyOf(
        overflow === true,
        view.descriptor.labelKeys.map((tag) => tagValues[tag]),
      )
      return lineOfValue(key, 'value' in data ? data.value : data)
    })
    return [view.name, all.sort()] as const
  })
  return Object.fromEntries(lines)
}

/** The values of the view's own tags. Throws if a series has other constant labels than its engine. */
function ownValues(
  name: string,
  labels: ReadonlyMap<string, string | undefined>,
  constant: typeof CONSTANT_LABELS,
): (string | undefined)[] {
  const { tagKeys, contextTags = [] } = VIEWS[Number(name.slice(1))]!
  const keys = [...tagKeys, ...contextTags]
  const added = Object.entries(constant).filter(([key]) => !keys.includes(key))
  for (const [key, text] of added) if (labels.get(key) !== text) throw new Error(`${name} has ${key} ${labels.get(key)} instead of ${text}`)
  return keys.map((key) => labels.get(key))
}

/** What snapshots hold. */
export function rowsOfMetrics(metrics: readonly Metric[], constantOf: (name: string) => typeof CONSTANT_LABELS): Rows {
  const lines = metrics.map(({ descriptor: { name, labelKeys }, timeSeries }) => {
    const all = timeSeries.flatMap(({ labelValues, overflow, points }) => {
      const labels = new Map(labelKeys.map((key, at) => [key, labelValues[at]]))
      return lineOfValue(keyOf(overflow === true, ownValues(name, labels, constantOf(name))), points[0]!.value)
    })
    return [name, all.sort()] as const
  })
  return Object.fromEntries(lines)
}

/** What a page in the text format holds, which has no exemplars. */
export function rowsOfText(text: string, constant: typeof CONSTANT_LABELS): Rows {
  const lines = [...readText(text).values()].map(({ name: exposed, samples }) => {
    const name = /^v\d+/.exec(exposed)![0]
    const rows = new Map<string, { value: number; count: number; sum: number; below: number[] }>()
    for (const { name: part, labels, value } of samples) {
      const key = keyOf(labels.get('tallyscope_overflow') === 'true', ownValues(name, labels, constant))
      if (!rows.has(key)) rows.set(key, { value: 0, count: 0, sum: 0, below: [] })
      const row = rows.get(key)!
      if (part.endsWith('_bucket')) row.below.push(value)
      else if (part.endsWith('_count')) row.count = value
      else if (part.endsWith('_sum')) row.sum = value
      else row.value = value
    }
    const all = [...rows].flatMap(([key, { value, count, sum, below }]) => {
      const kind = kindOf(name)
      if (kind === 'count' || kind === 'sum' || kind === 'lastValue') return lineOf(key, { value })
      const buckets = kind === 'distribution' ? below.map((total, at) => total - (below[at - 1] ?? 0)) : []
      return lineOf(key, { count, sum, buckets, exemplars: [] })
    })
    return [name, all.sort()] as const
  })
  return Object.fromEntries(lines)
}

/** The same rows without exemplars. */
export function withoutExemplars(rows: Rows): Rows {
  const isScalar = (name: string): boolean => ['count', 'sum', 'lastValue'].includes(kindOf(name))
  return Object.fromEntries(
    Object.entries(rows).map(([name, lines]) => [name, isScalar(name) ? lines : lines.map((line) => line.replace(/\S+$/, ''))]),
  )
}

/** The views in which two readings differ, one a line; empty if they are equal. */
export function differences(found: Rows, expected: Rows): string {
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])]
  const differing = names.filter((name) => JSON.stringify(found[name]) !== JSON.stringify(expected[name]))
  return differing.map((name) => `${name} has ${JSON.stringify(found[name])}\n  instead of ${JSON.stringify(expected[name])}`).join('\n')
}

/**
 * The rows of a reading that were in no moment of it, and the missing rows that were in each moment, one a line; empty if there are none.
 * @param moments What the engines held before and after each change while they were read.
 * @param moved Views whose rows were removed meanwhile. They get rows of their own if they shared them, and may then be left out.
 */
export function faultsBetween(found: Rows, moments: readonly Rows[], moved: readonly string[]): string {
  const names = [...new Set([found, ...moments].flatMap((rows) => Object.keys(rows)))]
  const faults = names.flatMap((name) => {
    const lines = found[name] ?? []
    if (lines.length === 0 && moved.includes(name)) return []
    const all = moments.map((rows) => rows[name] ?? [])
    const never = lines.filter((line) => !all.some((moment) => moment.includes(line))).map((line) => `never was: ${line}`)
    const missing = all[0]!.filter((line) => all.every((moment) => moment.includes(line)) && !lines.includes(line))
    return [...never, ...missing.map((line) => `is missing: ${line}`)].map((fault) => `${name} ${fault}`)
  })
  return faults.join('\n')
}

/** The views of these steps whose rows are removed. */
export function removedIn(steps: readonly ShortStep[]): string[] {
  return steps.flatMap((step) => (step.do === 'removeRows' ? [`v${step.view}`] : []))
}
