import { cutString } from '../../base/cut-string.js'
import { MAX_MESSAGE_LENGTH, MAX_NAME_LENGTH } from './span-limits.js'
import { cutKeys, cutMessages, cutNames } from './span-metrics.js'

// Strings of callers are cut once, when they enter a span, so that everything that keeps spans, names or keys is also bounded in bytes.

/** The name of a span, at most 256 code points. */
export function cutName(name: string): string {
  if (name.length <= MAX_NAME_LENGTH) return name
  const short = cutString(name, MAX_NAME_LENGTH)
  if (short !== name) cutNames.value++
  return short
}

/** The key of an attribute, at most 256 code points. */
export function cutKey(key: string): string {
  if (key.length <= MAX_NAME_LENGTH) return key
  const short = cutString(key, MAX_NAME_LENGTH)
  if (short !== key) cutKeys.value++
  return short
}

/** A description or the message of a status, at most 4 096 code points. */
export function cutMessage(message: string): string {
  if (message.length <= MAX_MESSAGE_LENGTH) return message
  const short = cutString(message, MAX_MESSAGE_LENGTH)
  if (short !== message) cutMessages.value++
  return short
}
