import { inspectValue } from '../../base/strings/inspect-value.js'
import { DefinitionError } from '../../base/errors.js'

/** The URL that requests are sent to, without its secrets. */
export interface Destination {
  /** Without user and password. */
  readonly url: URL
  /** Basic authorization, if user and password were part of the URL. */
  readonly authorization: string | undefined
  /** Strings that must not appear in messages: user, password and the values of the query, encoded and decoded. */
  readonly secrets: readonly string[]
}

/**
 * Parses an http or https URL, a string or a `URL`. Returns undefined if it is not one, or if percent escapes of user or password are not
 * UTF-8.
 */
export function parseDestination(address: unknown): Destination | undefined {
  // Some environments of tests have a class URL of their own.
  const text = Object.prototype.toString.call(address) === '[object URL]' ? String(address) : address
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const { username, password } = url
  const keys = querySecrets(url)
  url.username = ''
  url.password = ''
  url.hash = ''
  if (username === '' && password === '') return { url, authorization: undefined, secrets: keys }
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    const parts = [username, password].flatMap((part) => [part, decodeURIComponent(part)])
    const encoded = Buffer.from(pair).toString('base64')
    return { url, authorization: `Basic ${encoded}`, secrets: [pair, encoded, ...parts, ...keys].filter((secret) => secret.length > 1) }
  } catch {
    return undefined
  }
}

/** The address for messages: without the query, which may contain a key. */
export function shownAddress({ url }: Destination): string {
  return url.origin + url.pathname
}

/** Shorter query values, such as `json`, are not secrets: redacting them would make responses unreadable. */
const MIN_KEY_CHARACTERS = 8

function querySecrets(url: URL): string[] {
  const values = [...url.searchParams.values(), ...url.search.split(/[?&=]/)]
  return values.filter((value) => value.length >= MIN_KEY_CHARACTERS)
}

/** @throws {@link DefinitionError} `ERR_EXPORTER_URL` if it is not an absolute http or https URL. */
export function checkDestination(name: string, text: unknown): Destination {
  const destination = parseDestination(text)
  if (destination !== undefined) return destination
  throw new DefinitionError('ERR_EXPORTER_URL', `${name} must be an absolute http:// or https:// URL: it is ${inspectValue(text)}`)
}
