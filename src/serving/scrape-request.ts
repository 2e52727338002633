/** Headers of node:http, fetch or a framework. Names in a plain object may have any case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>> | { get(name: string): string | null }

/** A query as a string without `?`, as URLSearchParams, or parsed by a framework. */
export type RequestQuery = string | URLSearchParams | Readonly<Record<string, unknown>>

/** The value of a header, whose lines are joined; undefined if it is absent. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined
  const found = headers[name] ?? headers[Object.keys(headers).find((key) => key.toLowerCase() === name) ?? name]
  return typeof found === 'string' ? found : Array.isArray(found) ? found.join(', ') : undefined
}

/** The families selected by `name[]`, or undefined if all are. Empty names are ignored. */
export function wantedNames(query: RequestQuery | undefined): ReadonlySet<string> | undefined {
  if (query === undefined) return undefined
  if (typeof query === 'string' && !query.includes('name')) return undefined
  const given =
    typeof query === 'string' || query instanceof URLSearchParams
      ? new URLSearchParams(query).getAll('name[]')
      : [query['name[]'] ?? bracketed(query['name'])].flat().filter((name) => typeof name === 'string')
  const names = given.filter((name) => name !== '')
  return names.length === 0 ? undefined : new Set(names)
}

/** Parsers such as qs, which Express 4 uses, turn `name[]` into an array or, beyond their limit of elements, into an object. */
function bracketed(name: unknown): readonly unknown[] {
  return typeof name === 'object' && name !== null ? Object.values(name) : []
}

/** The time-out of the scraper in milliseconds, from `X-Prometheus-Scrape-Timeout-Seconds`; undefined if the header is absent. */
export function scrapeTimeoutMs(headers: RequestHeaders): number | undefined {
  const seconds = Number(headerValue(headers, 'x-prometheus-scrape-timeout-seconds') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined
}

function hasGet(headers: RequestHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get' as never] === 'function'
}
