import { inspectValue } from './inspect-value.js'
import { DefinitionError } from './errors.js'

/** The range of a numeric option. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  /** Whole numbers only. */
  readonly integer?: boolean
}

/**
 * The value of a numeric option, checked: a number and nothing that could be turned into one.
 *
 * @throws {@link DefinitionError} with `code` when it is no number, not in the range, or not whole where it has to be.
 */
export function checkNumber(code: string, name: string, value: unknown, range: NumberRange): number {
  const fits = typeof value === 'number' && value >= range.min && value <= range.max && (range.integer !== true || Number.isInteger(value))
  if (fits) return value
  const kind = range.integer === true ? 'a whole number' : 'a number'
  throw new DefinitionError(code, `${name} must be ${kind} from ${range.min} to ${range.max}: it is ${inspectValue(value)}`)
}
