import { DefinitionError } from '../../base/errors.js'

/** One thing that is wrong with a configuration. */
export interface ConfigurationProblem {
  /** Where: `traces.sampler`, `TALLYSCOPE_METRICS_INTERVAL_MS`, `tallyscope.json: traces.sampler`. */
  readonly path: string
  readonly problem: string
  /** What to do about it. */
  readonly hint?: string
}

/** An invalid configuration; all problems are reported at once, each with its path. */
export class ConfigurationError extends DefinitionError {
  readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[]) {
    const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`
    super('ERR_CONFIGURATION', `a configuration must be without faults: this one has ${many}\n${problems.map(lineOf).join('\n')}`)
    this.problems = problems
  }
}

/** A problem as one line. */
export function lineOf({ path, problem, hint }: ConfigurationProblem): string {
  return `  ${path}: ${problem}${hint === undefined ? '' : ` (${hint})`}`
}

/** The name that was probably meant, for a hint; undefined if none is similar. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const wanted = plain(given)
  const ranked = known.map((name) => ({ name, distance: distance(wanted, plain(name)) })).sort((a, b) => a.distance - b.distance)
  return ranked[0] !== undefined && ranked[0].distance <= Math.max(1, Math.floor(wanted.length / 3)) ? ranked[0].name : undefined
}

/** Names are compared without case, blanks, `_` and `-`: `always_on` is `alwaysOn`. */
export function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '')
}

/** Levenshtein's distance, of names that are cut to 40 characters. */
function distance(one: string, other: string): number {
  const [from, to] = [one.slice(0, 40), other.slice(0, 40)]
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[to.length]!
}
