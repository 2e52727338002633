import { DefinitionError } from '../../base/errors.js'

const MAX_SHOWN = 20

/** One problem of a configuration. */
export interface ConfigurationProblem {
  /** The setting: `traces.sampler`, `TALLYSCOPE_METRICS_INTERVAL_MS`, `tallyscope.json: traces.sampler`. */
  readonly path: string
  readonly problem: string
  /** What to do about it. */
  readonly hint?: string
}

/** An invalid configuration. The message has all problems, each with its path. */
export class ConfigurationError extends DefinitionError {
  readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[]) {
    const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`
    const more = problems.length > MAX_SHOWN ? [`  and ${problems.length - MAX_SHOWN} more`] : []
    super('ERR_CONFIGURATION', [`the configuration has ${many}:`, ...problems.slice(0, MAX_SHOWN).map(lineOf), ...more])
    this.problems = problems
  }
}

/** A problem as one line. */
export function lineOf({ path, problem, hint }: ConfigurationProblem): string {
  return `  ${path}: ${problem}${hint === undefined ? '' : ` (${hint})`}`
}
