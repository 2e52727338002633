/** The health check of App Engine; excluded unless a list says otherwise. */
export const DEFAULT_EXCLUDED_PATHS: readonly string[] = Object.freeze(['_ah/health'])

/** Text is compared as the start of a path, a leading slash in it is passed over; a pattern is tried on the path with its slash. */
export type PathRule = string | RegExp

/**
 * Which URLs are left alone, by the rules of the OpenCensus documents: the scheme is taken off, and what follows the
 * first slash, the query included, must begin with an entry.
 */
export class PathExclusion {
  readonly #starts: readonly string[]
  readonly #patterns: readonly RegExp[]

  /** @param rules Default: `_ah/health`. An empty list excludes nothing. */
  constructor(rules: readonly PathRule[] = DEFAULT_EXCLUDED_PATHS) {
    const texts = rules.filter((rule) => typeof rule === 'string')
    this.#starts = texts.map((text) => (text.startsWith('/') ? text : `/${text}`))
    this.#patterns = rules.filter((rule) => rule instanceof RegExp)
  }

  /** @param url Whole (`http://host/path`), or from the path on (`/path`). */
  excludes(url: string): boolean {
    const path = url.startsWith('/') ? url : pathOf(url)
    if (path === undefined) return false
    for (const start of this.#starts) {
      if (path.startsWith(start)) return true
    }
    return this.#patterns.length > 0 && this.#patterns.some((pattern) => matches(pattern, path))
  }
}

/** Whether a host, or host and port, is in the list as it stands there: a host alone does not cover its ports, nor its subdomains. */
export function isHostExcluded(host: string | undefined, hosts: readonly string[]): boolean {
  return host !== undefined && hosts.includes(host)
}

/** From the first slash after the scheme on; undefined where there is none. */
function pathOf(url: string): string | undefined {
  const scheme = url.indexOf('://')
  const slash = url.indexOf('/', scheme < 0 ? 0 : scheme + 3)
  return slash < 0 ? undefined : url.slice(slash)
}

function matches(pattern: RegExp, path: string): boolean {
  pattern.lastIndex = 0 // a global or sticky pattern remembers
  return pattern.test(path)
}
