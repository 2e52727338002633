import { escapeControlCharacters } from '../../base/strings/inspect-value.js'
import { redactSecrets } from '../../base/strings/redact-credentials.js'
import type { HttpReply } from './http-sender.js'

const MAX_READ_CHARACTERS = 4_096

/** The beginning of a response, on one line and without the secrets of the request, which the receiver may have echoed. */
export function replyText(text: string, secrets: readonly string[], maxCharacters = 200): string {
  const reason = redactBeginning(text, secrets)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const shown = escapeControlCharacters(reason)
  return shown.length > maxCharacters ? `${shown.slice(0, maxCharacters)}…` : shown
}

/** Cutting the text may cut a secret, which is then not recognized. The last characters that could be part of one are left out. */
function redactBeginning(text: string, secrets: readonly string[]): string {
  const redacted = redactSecrets(text.slice(0, MAX_READ_CHARACTERS), secrets)
  if (text.length < MAX_READ_CHARACTERS) return redacted
  // One character of a secret may be escaped as up to twelve.
  const longest = Math.max(0, ...secrets.map((secret) => 12 * secret.length))
  return redacted.slice(0, Math.max(0, redacted.length - longest))
}

/** The status of a response and the beginning of its body, for error messages. */
export function describeReply({ status, body, secrets }: HttpReply, maxCharacters?: number): string {
  const text = replyText(body?.toString() ?? '', secrets, maxCharacters)
  return `status ${status}${text === '' ? '' : `: ${text}`}`
}
