import { escapeControlCharacters } from '../../base/escape-control-characters.js'
import { redactSecrets } from '../../base/redact-credentials.js'

const MAX_READ_CHARACTERS = 4_096

/** The beginning of a receiver's answer, on one line and without our own secrets, which it may have repeated. */
export function replyText(text: string, secrets: readonly string[], maxCharacters = 200): string {
  const reason = redactSecrets(text.slice(0, MAX_READ_CHARACTERS), secrets)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const shown = escapeControlCharacters(reason)
  return shown.length > maxCharacters ? `${shown.slice(0, maxCharacters)}…` : shown
}
