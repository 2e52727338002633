import { getOrInsert } from '../../base/get-or-insert.js'
import type { ExpressLayer, LayerMatch } from './express-layer.js'

/** Replaces a part of a path whose template is unknown. Callers choose the path, so it cannot be a label. */
export const UNKNOWN_PART = '/*'

/** The templates of each layer by lower-case template, in the spelling of the first request, since routers ignore case. */
const templates = new WeakMap<ExpressLayer, Map<string, string>>()
/** Limit of templates of one layer, which has several if it has a list of paths or optional parameters. */
const MAX_TEMPLATES = 32
/** Limit of the places of a path that are tried for one parameter. */
const MAX_RANGES = 8

/**
 * The template of a layer's path, such as `/shops/:shop`. Layers do not expose it, so the values of the parameters in the path of a
 * request are replaced with their names.
 */
export function mountTemplate(layer: ExpressLayer, match: LayerMatch): string {
  if (match.isPattern) return UNKNOWN_PART
  const template = withNames(withoutSlash(match.path), match)
  const known = getOrInsert(templates, layer, () => new Map())
  const key = template.toLowerCase()
  const before = known.get(key)
  if (before !== undefined) return before
  if (known.size >= MAX_TEMPLATES) return UNKNOWN_PART
  known.set(key, template)
  return template
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** A part of a path. */
interface Range {
  readonly start: number
  readonly end: number
}

/** Replaces the values of parameters with their names, from left to right. */
function withNames(path: string, { params, matcher }: LayerMatch): string {
  let template = ''
  let from = 0
  for (const [name, value] of params) {
    const ranges =
      value === undefined || value === '' ? [] : rangesOf(path, from, Array.isArray(value) ? value.map(String) : [String(value)])
    const isIt = (range: Range): boolean => hasChanged(name, value, matcher(twice(path, range)))
    const otherwise = ranges.length < MAX_RANGES ? ranges[0] : undefined
    const range = ranges.length === 1 ? ranges[0] : (ranges.find(isIt) ?? otherwise)
    if (range === undefined) return UNKNOWN_PART
    template += path.slice(from, range.start) + name
    from = range.end
  }
  return template + path.slice(from)
}

/**
 * The ranges of a path that may be the value of a parameter: whole segments, or parts of a segment if there are none. The first
 * {@link MAX_RANGES} of them, since callers can repeat a value thousands of times.
 */
function rangesOf(path: string, from: number, values: readonly string[]): Range[] {
  const ranges = segmentRanges(path, from, values)
  const text = values.join('/')
  for (const raw of [text, encodeURI(text), encodeURIComponent(text)]) {
    if (ranges.length > 0) break
    for (let start = path.indexOf(raw, from); start >= 0 && ranges.length < MAX_RANGES; start = path.indexOf(raw, start + 1))
      ranges.push({ start, end: start + raw.length })
  }
  return ranges
}

function segmentRanges(path: string, from: number, values: readonly string[]): Range[] {
  const firstSlash = path.indexOf('/', Math.max(0, from - 1))
  if (firstSlash < 0) return []
  const ranges: Range[] = []
  const segments = path.slice(firstSlash + 1).split('/')
  const readable = segments.map(decoded)
  const isAt = (at: number): boolean => values.every((value, i) => segments[at + i] === value || readable[at + i] === value)
  for (let at = 0, start = firstSlash + 1; at + values.length <= segments.length && ranges.length < MAX_RANGES; at++) {
    if (isAt(at)) ranges.push({ start, end: start + segments.slice(at, at + values.length).join('/').length })
    start += segments[at]!.length + 1
  }
  return ranges
}

/** The path with one range repeated, which most likely still matches. */
function twice(path: string, { start, end }: Range): string {
  return path.slice(0, end) + path.slice(start)
}

function hasChanged(name: string, value: unknown, match: LayerMatch | undefined): boolean {
  const now = match?.params.find((param) => param[0] === name)?.[1]
  return now !== undefined && String(now) !== String(value)
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
