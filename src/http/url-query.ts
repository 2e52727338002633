/** The part of a query in an attribute: none, names with `REDACTED` for values, all of it, or the result of a function. */
export type UrlQuery = boolean | 'redacted' | ((query: string) => string)

/** Limit of a query's length; the rest is dropped. */
const MAX_LENGTH = 4_096

/** Returns a path with the part of its query that an attribute may have. */
export function withUrlQuery(target: string, mode: UrlQuery): string {
  const at = target.indexOf('?')
  if (at < 0 || mode === true) return target
  const path = target.slice(0, at)
  if (mode === false) return path
  const query = shownQuery(target.slice(at + 1, at + 1 + MAX_LENGTH), mode)
  return query === '' ? path : `${path}?${query}`
}

function shownQuery(query: string, mode: 'redacted' | ((query: string) => string)): string {
  if (typeof mode === 'function') {
    try {
      return String(mode(query))
    } catch {
      return ''
    }
  }
  // A part without a name may be a secret as a whole.
  return query.replace(/#.*$/s, '').split('&').map(redactedPart).join('&')
}

function redactedPart(part: string): string {
  const end = part.indexOf('=')
  return end < 0 ? (part === '' ? '' : 'REDACTED') : `${part.slice(0, end)}=REDACTED`
}

/** An address without user and password. A target that is a whole URL, as proxies get it, is covered too. */
export function withoutUserInfo(url: string): string {
  if (!url.includes('@')) return url // cheaper than the expression, for nearly all addresses
  return url.replace(/^([a-z][\w+.-]*:)?\/\/[^/?#]*@/i, '$1//')
}
