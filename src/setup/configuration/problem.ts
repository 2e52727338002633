import { cutString } from '../../base/strings/intern-string.js'
import { DefinitionError, nameClass } from '../../base/errors.js'
import { cutRedacted } from '../../base/strings/redact-credentials.js'

const MAX_SHOWN = 20
const MAX_PATH_LENGTH = 200

/** One problem of a configuration. */
export interface ConfigurationProblem {
  /** The setting: `traces.sampler`, `TALLYSCOPE_METRICS_INTERVAL_MS`, `tallyscope.json: traces.sampler`. */
  readonly path: string
  readonly problem: string
  /** What to do about it. */
  readonly hint?: string
}

export type Report = (problem: ConfigurationProblem) => void

/** The path of a value that is being read, which problems of the value are reported under. */
export class Place {
  readonly path: string
  readonly report: Report

  constructor(path: string, report: Report) {
    this.path = path
    this.report = report
  }

  /** The place of a part of the value. */
  part(suffix: string): Place {
    return new Place(`${this.path}${suffix}`, this.report)
  }

  /** Reports a problem. Returns undefined, which readers return instead of a value. */
  problem(problem: string, hint?: string): undefined {
    this.report({ path: this.path, problem, ...(hint !== undefined && { hint }) })
  }
}

/** An invalid configuration, with code `ERR_CONFIGURATION`. The message has all problems, each with its path. */
export class ConfigurationError extends DefinitionError {
  readonly problems: readonly ConfigurationProblem[]
  static {
    nameClass(this, 'ConfigurationError')
  }

  constructor(problems: readonly ConfigurationProblem[]) {
    const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`
    const more = problems.length > MAX_SHOWN ? [`  and ${problems.length - MAX_SHOWN} more`] : []
    super('ERR_CONFIGURATION', [`the configuration has ${many}:`, ...problems.slice(0, MAX_SHOWN).map(lineOf), ...more])
    this.problems = problems
  }
}

/** The same with a short path. The path of a file may be an address with a password, if variables were confused. */
export function withShortPath(problem: ConfigurationProblem): ConfigurationProblem {
  return { ...problem, path: cutString(cutRedacted(problem.path, MAX_PATH_LENGTH), MAX_PATH_LENGTH) }
}

/** A problem as one line. */
export function lineOf({ path, problem, hint }: ConfigurationProblem): string {
  return `  ${path}: ${problem}${hint === undefined ? '' : ` (${hint})`}`
}
