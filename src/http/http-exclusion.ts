import { types } from 'node:util'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'

/** The health check of App Engine; excluded by default. */
export const DEFAULT_EXCLUDED_PATHS: readonly string[] = Object.freeze(['_ah/health'])

/** A string matches a path and all paths below it; its leading slash is optional. A pattern is tested on the path with its leading slash. */
export type PathRule = string | RegExp

/** Excludes paths. The query is ignored, because the caller chooses it. */
export class PathExclusion {
  readonly #prefixes: readonly string[]
  readonly #patterns: readonly RegExp[]

  /**
   * @param rules Default: `_ah/health`. An empty list excludes nothing.
   * @throws {@link DefinitionError} `ERR_OPTION` unless they are a list of strings and regular expressions.
   */
  constructor(rules: readonly PathRule[] = DEFAULT_EXCLUDED_PATHS) {
    if (!Array.isArray(rules) || !rules.every((rule) => typeof rule === 'string' || types.isRegExp(rule)))
      throw new DefinitionError('ERR_OPTION', `ignorePaths must be a list of strings and regular expressions: it is ${inspectValue(rules)}`)
    const strings = rules.filter((rule) => typeof rule === 'string')
    this.#prefixes = strings.map((rule) => (rule.startsWith('/') ? rule : `/${rule}`))
    this.#patterns = rules.filter((rule) => types.isRegExp(rule))
  }

  /** @param url The whole URL (`http://host/path`), or from the path on (`/path`). */
  excludes(url: string): boolean {
    const path = url.startsWith('/') ? url : pathOf(url)
    if (path === undefined) return false
    for (const prefix of this.#prefixes) {
      if (path.startsWith(prefix) && endsSegment(path, prefix)) return true
    }
    if (this.#patterns.length === 0) return false
    const bare = /^[^?#]*/.exec(path)![0]
    return this.#patterns.some((pattern) => matches(pattern, bare))
  }
}

/** `/health` covers `/health`, `/health/live` and `/health?x`, but not `/healthcare`. */
function endsSegment(path: string, prefix: string): boolean {
  if (prefix.endsWith('/')) return true
  const next = path[prefix.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}

/** True if the list has exactly this host, or host and port. A host without a port does not match its ports or subdomains. */
export function isHostExcluded(host: string | undefined, hosts: readonly string[]): boolean {
  return host !== undefined && hosts.includes(host)
}

/** From the first slash after the scheme on; undefined if there is none. */
function pathOf(url: string): string | undefined {
  const scheme = url.indexOf('://')
  const slash = url.indexOf('/', scheme < 0 ? 0 : scheme + 3)
  return slash < 0 ? undefined : url.slice(slash)
}

function matches(pattern: RegExp, path: string): boolean {
  pattern.lastIndex = 0 // a global or sticky pattern has a position
  return pattern.test(path)
}
