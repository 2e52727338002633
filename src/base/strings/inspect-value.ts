import { cutRedacted } from './redact-credentials.js'

const MAX_CHARACTERS = 80
const MAX_SCANNED = 1_000
const MAX_NUMBERS = 10

// C0, DEL, C1, line and paragraph separators, halves of surrogate pairs; marks that change the direction of the text around them.
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Replaces every control character by an escape sequence, so that a terminal or a log shows the string as one line. */
export function escapeControlCharacters(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/**
 * Formats a foreign value for a message: on one line, at most about 80 characters, without credentials of URLs. Calls no method of the
 * value and never throws.
 */
export function inspectValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return escapeControlCharacters(JSON.stringify(cut(value)))
    case 'bigint':
      return value < 10n ** 20n && value > -(10n ** 20n) ? `${value}n` : 'a bigint'
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : inspectObject(value)
    default:
      return `a ${typeof value}`
  }
}

function cut(text: string): string {
  const shown = cutRedacted(text, MAX_SCANNED)
  return shown.length > MAX_CHARACTERS ? `${shown.slice(0, MAX_CHARACTERS)}…` : shown
}

/** Short lists of numbers are shown as they are: bounds, quantiles. */
function inspectObject(value: object): string {
  try {
    if (!Array.isArray(value)) return 'an object'
    const numbers = value.length <= MAX_NUMBERS && value.every((item) => typeof item === 'number')
    return numbers ? `[${[...value].join(', ')}]` : 'an array'
  } catch {
    return 'an object' // a revoked proxy
  }
}

const MAX_LENGTH = 100

/**
 * The name of a component of the application (a producer, an exporter, a target) in logs and counters: its `name`, otherwise the name of
 * its class, otherwise `fallback`. Never throws.
 */
export function componentName(part: unknown, fallback: string): string {
  try {
    const { name, constructor } = part as { name?: unknown; constructor?: { name?: unknown } }
    const found = [name, constructor?.name].find((text) => typeof text === 'string' && text !== '' && text !== 'Object')
    return ((found as string | undefined) ?? fallback).slice(0, MAX_LENGTH)
  } catch {
    return fallback
  }
}
