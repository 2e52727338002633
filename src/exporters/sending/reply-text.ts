import { escapeControlCharacters } from '../../base/escape-control-characters.js'
import { redactSecrets } from '../../base/redact-credentials.js'

const MAX_READ_CHARACTERS = 4_096

/** The beginning of a receiver's answer, on one line and without our own secrets, which it may have repeated. */
export function replyText(text: string, secrets: readonly string[], maxCharacters = 200): string {
  const reason = redactBeginning(text, secrets)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const shown = escapeControlCharacters(reason)
  return shown.length > maxCharacters ? `${shown.slice(0, maxCharacters)}…` : shown
}

/** What was read may end inside of a secret, whose first part would not be found: as much as that could be is left out. */
function redactBeginning(text: string, secrets: readonly string[]): string {
  const redacted = redactSecrets(text.slice(0, MAX_READ_CHARACTERS), secrets)
  if (text.length < MAX_READ_CHARACTERS) return redacted
  // A secret may be spelled with escapes of up to twelve characters each.
  const longest = Math.max(0, ...secrets.map((secret) => 12 * secret.length))
  return redacted.slice(0, Math.max(0, redacted.length - longest))
}
