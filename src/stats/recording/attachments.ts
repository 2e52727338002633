import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { ownString } from '../../base/strings/intern-string.js'

/** Attachments of a value, which become the labels of an exemplar: `trace_id`, `span_id`, … Keys and values are strings. */
export type Attachments = Readonly<Record<string, string>>

/** Limits of one exemplar: the number of attachments, and the length of each key and string. */
const MAX_ATTACHMENTS = 32
const MAX_LENGTH = 256

const DROPPED = internalCounter(
  'tallyscope_dropped_attachments_total',
  'Attachments of records that were not strings, too long, too many, or could not be read.',
)

/** True if key and value are strings within the limits. Otherwise they are counted as dropped. */
export function isAttachment(key: unknown, value: unknown): boolean {
  const fits = typeof key === 'string' && typeof value === 'string' && key.length <= MAX_LENGTH && value.length <= MAX_LENGTH
  if (!fits) internalCount(DROPPED).value++
  return fits
}

/** Copies the attachments within the limits, so that the caller may change the original. Undefined if there are none. Never throws. */
export function readAttachments(given: unknown): Attachments | undefined {
  try {
    if (typeof given !== 'object') throw new TypeError('attachments must be an object')
    const kept: Record<string, string> = {}
    let count = 0
    for (const key of Object.keys(given as object)) {
      const text = (given as Record<string, unknown>)[key]
      if (!isAttachment(key, text)) continue
      if (++count > MAX_ATTACHMENTS) internalCount(DROPPED).value++
      else if (key === '__proto__') Object.defineProperty(kept, key, { value: ownString(text as string), enumerable: true })
      else kept[key] = ownString(text as string)
    }
    return count === 0 ? undefined : Object.freeze(kept)
  } catch {
    internalCount(DROPPED).value++ // not an object, or a getter threw
    return undefined
  }
}
