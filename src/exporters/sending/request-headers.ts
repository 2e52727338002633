import { inspectValue } from '../../base/inspect-value.js'
import { DefinitionError } from '../../base/errors.js'

export type HeaderValues = Readonly<Record<string, string>>
/** Headers of every request, or a function that returns them: for tokens that change. It is called for each request. */
export type HeadersOption = HeaderValues | (() => HeaderValues | Promise<HeaderValues>)

/** Set by the protocol: another value would make the body unreadable, or the connection unusable. */
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
// A token, and visible characters with blanks between: https://www.rfc-editor.org/rfc/rfc9110#section-5
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** What is wrong with the headers, without their values, which may be secrets; undefined if they may be sent. */
export function headersFault(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return 'headers must be an object of strings'
  for (const [name, value] of Object.entries(headers)) {
    const shown = inspectValue(name)
    if (RESERVED.has(name.toLowerCase())) return `headers must not have those of the protocol: ${shown} is one`
    if (!NAME.test(name) || typeof value !== 'string' || !VALUE.test(value)) return `headers must be such as HTTP allows: ${shown} is not`
  }
  return undefined
}

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the headers cannot be sent. */
export function checkHeaders(headers: HeadersOption | undefined): HeadersOption {
  if (headers === undefined) return {}
  if (typeof headers === 'function') return headers
  const fault = headersFault(headers)
  if (fault !== undefined) throw new DefinitionError('ERR_EXPORTER_OPTION', fault)
  return { ...headers }
}

/** Strings that no message may contain: `Bearer token` as a whole, and the token; of Basic also user and password. */
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
