import type { MetricDescriptor, TimeSeries } from '../../metrics/data/metric.js'
import { damaged } from '../data/frame-error.js'
import { FRAME, FrameWriter, kindOf } from '../data/frame-writer.js'
import { PayloadReader } from '../data/payload-reader.js'

/** What the frames of rows say, as JSON. */
export type RowsMessage =
  | { readonly kind: 'restart' }
  | { readonly kind: 'define'; readonly family: number; readonly descriptor: MetricDescriptor }
  | { readonly kind: 'values'; readonly family: number; readonly series: readonly TimeSeries[] }
  | { readonly kind: 'gone'; readonly family: number; readonly keys: readonly string[] }
  | { readonly kind: 'whole' }

const KINDS = { restart: FRAME.RESTART, define: FRAME.DEFINE, values: FRAME.VALUES, gone: FRAME.GONE, whole: FRAME.WHOLE }
const MAX_KEY = 1_000_000
const TYPES = new Set([
  'GAUGE_INT64',
  'GAUGE_DOUBLE',
  'CUMULATIVE_INT64',
  'CUMULATIVE_DOUBLE',
  'CUMULATIVE_DISTRIBUTION',
  'SUMMARY',
  'INFO',
  'STATE_SET',
])
const writer = new FrameWriter()

/** Two series of one family are the same if their labels are. */
export function seriesKey({ labelValues, overflow }: Pick<TimeSeries, 'labelValues' | 'overflow'>): string {
  return JSON.stringify(overflow === true ? 'overflow' : labelValues.map((value) => value ?? 0))
}

export function rowsFrame({ kind, ...content }: RowsMessage): Uint8Array {
  return writer.begin(KINDS[kind]).text(JSON.stringify(content, spellNonFinite)).end()
}

/** @throws {@link FrameError} `ERR_GROUP_FRAME` */
export function readRowsFrame(frame: Uint8Array): RowsMessage {
  const kind = (Object.keys(KINDS) as (keyof typeof KINDS)[]).find((name) => KINDS[name] === kindOf(frame))
  if (kind === undefined) throw damaged(`its kind is ${kindOf(frame)}`)
  const reader = new PayloadReader(frame)
  const text = reader.text()
  reader.end()
  let content: Record<string, unknown>
  try {
    content = JSON.parse(text, readNonFinite) as Record<string, unknown>
  } catch (cause) {
    throw Object.assign(damaged('it is not JSON'), { cause })
  }
  if (typeof content !== 'object' || content === null || !isContent(kind, content)) throw damaged(`the content of ${kind} cannot be used`)
  return { ...content, kind } as RowsMessage
}

// JSON has no NaN and no infinities.
function spellNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value
}

function readNonFinite(_key: string, value: unknown): unknown {
  const spelled = typeof value === 'object' && value !== null ? (value as { $number?: unknown }).$number : undefined
  return typeof spelled === 'string' ? Number(spelled) : value
}

function isContent(kind: RowsMessage['kind'], { family, descriptor, series, keys }: Record<string, unknown>): boolean {
  if (kind === 'restart' || kind === 'whole') return true
  if (!Number.isSafeInteger(family) || (family as number) < 0) return false
  if (kind === 'define') return isDescriptor(descriptor)
  if (kind === 'gone') return Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key.length < MAX_KEY)
  return Array.isArray(series) && series.every(isSeries)
}

function isDescriptor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { name, description, unit, type, labelKeys } = value as Record<string, unknown>
  const areStrings = [name, description, unit].every((each) => typeof each === 'string')
  return areStrings && TYPES.has(type as string) && Array.isArray(labelKeys) && labelKeys.every((key) => typeof key === 'string')
}

function isSeries(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { labelValues, points } = value as Record<string, unknown>
  if (!Array.isArray(labelValues) || !labelValues.every((each) => each === null || typeof each === 'string')) return false
  return Array.isArray(points) && points.length === 1 && isValue((points[0] as { value?: unknown } | null)?.value)
}

function isValue(value: unknown): boolean {
  if (typeof value === 'number') return true
  if (typeof value !== 'object' || value === null) return false
  const { kind, count, sum, bounds, bucketCounts, quantiles } = value as Record<string, unknown>
  if (typeof count !== 'number' || typeof sum !== 'number') return false
  if (kind === 'summary') return Array.isArray(quantiles)
  const areNumbers = (list: unknown): list is number[] => Array.isArray(list) && list.every((each) => typeof each === 'number')
  return kind === 'distribution' && areNumbers(bounds) && areNumbers(bucketCounts) && bucketCounts.length === bounds.length + 1
}
