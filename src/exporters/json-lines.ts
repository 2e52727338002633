/** A line of JSON without its line feed, or the error of an item that has no JSON form. */
export type JsonLine = { readonly text: string; readonly error?: undefined } | { readonly text?: undefined; readonly error: unknown }

/**
 * Formats an item as one line of JSON. NaN and infinities, which JSON lacks, become strings. Control characters that JSON does not
 * escape, but terminals or line readers interpret, are escaped.
 */
export function jsonLine(item: unknown): JsonLine {
  try {
    let text = JSON.stringify(item) as string | undefined
    if (text === undefined) return { error: new TypeError(`a ${typeof item} has no JSON form`) }
    // Non-finite numbers become null. Searching for it is five times faster than a replacer function.
    if (text.includes('null')) text = JSON.stringify(item, spellNonFinite)
    return { text: text.replace(DANGEROUS, escape) }
  } catch (error) {
    return { error }
  }
}

/** The number of series in one step. One with many buckets is about a kilobyte of JSON. */
const SERIES_A_STEP = 32

/** Like {@link jsonLine}, in short steps, since a metric of many series would block the event loop. */
export function* jsonLineInSteps(item: unknown): Generator<void, JsonLine, undefined> {
  try {
    return hasManySeries(item) ? yield* metricInSteps(item) : jsonLine(item)
  } catch (error) {
    return { error }
  }
}

function* metricInSteps(item: { readonly timeSeries: readonly unknown[] }): Generator<void, JsonLine, undefined> {
  const fields: string[] = []
  for (const [key, value] of Object.entries(item)) {
    const isList = key === 'timeSeries'
    const { text, error } = isList ? yield* listInSteps(item.timeSeries) : jsonLine({ [key]: value })
    if (text === undefined) return { error }
    const field = isList ? `"timeSeries":${text}` : text.slice(1, -1)
    if (field !== '') fields.push(field)
  }
  return { text: `{${fields.join(',')}}` }
}

function* listInSteps(list: readonly unknown[]): Generator<void, JsonLine, undefined> {
  const pieces: string[] = []
  for (let from = 0; from < list.length; from += SERIES_A_STEP) {
    const piece = jsonLine(list.slice(from, from + SERIES_A_STEP))
    if (piece.text === undefined) return piece
    pieces.push(piece.text.slice(1, -1))
    yield
  }
  return { text: `[${pieces.join(',')}]` }
}

function hasManySeries(item: unknown): item is { readonly timeSeries: readonly unknown[] } {
  if (typeof item !== 'object' || item === null || 'toJSON' in item || !('timeSeries' in item)) return false
  return Array.isArray(item.timeSeries) && item.timeSeries.length > SERIES_A_STEP && !('toJSON' in item.timeSeries)
}

// Characters that JSON does not escape: DEL and C1; U+2028 and U+2029, which some readers treat as line ends; bidirectional controls.
const DANGEROUS = /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const spellNonFinite = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
