import { inspectValue } from '../../base/strings/inspect-value.js'
import { refuseOption } from '../exporter-options.js'

export type HeaderValues = Readonly<Record<string, string>>
/** Headers of every request, or a function that is called for each request and returns them, such as a token that changes. */
export type HeadersOption = HeaderValues | (() => HeaderValues | Promise<HeaderValues>)

/** Headers that the protocol sets. Another value would make the body unreadable or the connection unusable. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-prometheus-remote-write-version',
])
// `token` and `field-value` of https://www.rfc-editor.org/rfc/rfc9110#section-5
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Returns what is wrong with the headers, without their values, which may be secret; undefined if they are valid. */
export function headersFault(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return 'headers must be an object of strings'
  for (const [name, value] of Object.entries(headers)) {
    const shown = inspectValue(name)
    if (RESERVED.has(name.toLowerCase())) return `headers must not include those that the protocol sets: ${shown} is one`
    if (!NAME.test(name) || typeof value !== 'string' || !VALUE.test(value)) return `headers must be valid for HTTP: ${shown} is not`
  }
  return undefined
}

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the headers are not valid. */
export function checkHeaders(headers: HeadersOption | undefined): HeadersOption {
  if (headers === undefined) return {}
  if (typeof headers === 'function') return headers
  const fault = headersFault(headers)
  if (fault !== undefined) refuseOption(fault)
  return { ...headers }
}

/** Strings that must not appear in messages: whole values, values without their scheme (`Bearer`), and user and password of `Basic`. */
export function headerSecrets(headers: HeaderValues): string[] {
  return Object.values(headers)
    .flatMap((value) => [value, value.replace(/^\w+\s+/, ''), ...basicSecrets(value)])
    .filter((secret) => secret.length > 1)
}

function basicSecrets(value: string): string[] {
  const [, encoded] = /^basic\s+(\S+)/i.exec(value) ?? []
  if (encoded === undefined) return []
  const pair = Buffer.from(encoded, 'base64').toString()
  return [pair, pair.slice(pair.indexOf(':') + 1)]
}
