import { cutString } from '../../base/strings/intern-string.js'
import type { InternalCount } from '../../base/internal-metrics.js'
import { readSafely } from './read-safely.js'
import { MAX_MESSAGE_LENGTH, MAX_NAME_LENGTH, MAX_STATUS_DETAILS } from './span-limits.js'
import { cutKeys, cutMessages, cutNames } from './span-metrics.js'
import { Status } from './status.js'

// Strings are cut once, when they are set on a span, so that everything that stores spans, names or keys is bounded in bytes.

/** The name of a span, at most 256 code points. */
export const cutName = (name: string): string => cut(name, MAX_NAME_LENGTH, cutNames)

/** The key of an attribute, at most 256 code points. */
export const cutKey = (key: string): string => cut(key, MAX_NAME_LENGTH, cutKeys)

/** A description or the message of a status, at most 4 096 code points. */
export const cutMessage = (message: string): string => cut(message, MAX_MESSAGE_LENGTH, cutMessages)

function cut(text: string, maxLength: number, cuts: InternalCount): string {
  if (text.length <= maxLength) return text
  const short = cutString(text, maxLength)
  if (short !== text) cuts.value++
  return short
}

/** A status with a message of at most 4 096 code points and at most 16 details, each at most 4 096 code points as JSON. */
export function cutStatus(status: Status): Status {
  const { code, message, details } = status
  const isLong = typeof message === 'string' && message.length > MAX_MESSAGE_LENGTH
  if (!isLong && details === undefined) return status
  return new Status(code, isLong ? cutMessage(message) : message, Array.isArray(details) ? cutDetails(details) : undefined)
}

/** Cuts details. A detail with long JSON is replaced by the beginning of its JSON. */
function cutDetails(details: readonly unknown[]): unknown[] {
  if (details.length > MAX_STATUS_DETAILS) cutMessages.value++
  return details.slice(0, MAX_STATUS_DETAILS).map((detail) => {
    if (typeof detail === 'string') return cutMessage(detail)
    const json = readSafely(() => JSON.stringify(detail))
    return json !== undefined && json.length <= MAX_MESSAGE_LENGTH ? detail : cutMessage(json ?? '')
  })
}
