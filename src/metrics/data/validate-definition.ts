import { checkOneOf, isObject } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { isPrintableAscii } from '../../base/strings/printable-ascii.js'
import { DefinitionError } from '../../base/errors.js'
import { warnOnce } from '../../base/logger.js'
import type { MergeRule, MetricType } from './metric.js'

const MAX_CHARACTERS = 255
const MAX_KEYS = 32

/** True for a valid tag key or label key: 1…255 printable ASCII characters. @see OpenCensus specification, TagKey */
export function isKey(key: unknown): key is string {
  return key !== '' && isPrintableAscii(key, MAX_CHARACTERS)
}

/** @throws {@link DefinitionError} `ERR_NAME` unless the name is 1…255 printable ASCII characters. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (!isKey(name)) {
    const hint = isObject(name) && what !== 'view' ? '. The name is the first argument, the options are the second.' : ''
    throw new DefinitionError('ERR_NAME', `a ${what} name must be 1 to 255 printable ASCII characters: ${inspectValue(name)} is not${hint}`)
  }
}

/** @throws {@link DefinitionError} `ERR_UNIT` unless the unit is 1…63 printable ASCII characters without blanks. */
export function checkUnit(what: string, name: string, unit: unknown): asserts unit is string {
  if (typeof unit !== 'string' || !/^[!-~]{1,63}$/.test(unit)) {
    throw new DefinitionError(
      'ERR_UNIT',
      `a unit must be 1 to 63 printable ASCII characters without blanks: ${what} ${name} has ${inspectValue(unit)}`,
    )
  }
  noticeUnit(what, name, unit)
}

/** All types, in the order of their documentation. */
export const METRIC_TYPES: readonly MetricType[] = [
  'GAUGE_INT64',
  'GAUGE_DOUBLE',
  'CUMULATIVE_INT64',
  'CUMULATIVE_DOUBLE',
  'CUMULATIVE_DISTRIBUTION',
  'SUMMARY',
  'INFO',
  'STATE_SET',
]

/** All rules of merging gauges. */
export const MERGE_RULES: readonly MergeRule[] = ['sum', 'min', 'max', 'latest', 'each']

/** @throws {@link DefinitionError} `ERR_OPTION` unless the description is a string. */
export function checkDescription(what: string, name: string, description: unknown): asserts description is string {
  if (typeof description === 'string') return
  throw new DefinitionError('ERR_OPTION', `a description must be a string: ${what} ${name} has ${inspectValue(description)}`)
}

/** @throws {@link DefinitionError} `ERR_OPTION` unless the rule is a {@link MergeRule} or undefined. */
export function checkMergeRule(what: string, rule: unknown): asserts rule is MergeRule | undefined {
  if (rule !== undefined) checkOneOf('ERR_OPTION', `merge of ${what}`, rule as MergeRule, MERGE_RULES)
}

/** Labels of every series, by key. Numbers and booleans are converted to strings. */
export type ConstantLabels = Readonly<Record<string, string | number | boolean>>

/**
 * The strings of labels that many series have, by key. Numbers and booleans are converted, as in tags.
 * @throws {@link DefinitionError} `code` if a value is another one, such as an environment variable that is not set.
 */
export function constantTexts(code: string, what: string, labels: unknown): [key: string, text: string][] {
  if (!isObject(labels)) throw new DefinitionError(code, `${what} must be an object of strings: it is ${inspectValue(labels)}`)
  return Object.entries(labels).map(([key, value]) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [key, String(value)]
    throw new DefinitionError(code, `${what} must be strings: ${inspectValue(key)} is ${inspectValue(value)}`)
  })
}

/** UCUM codes of units that are often written as words. */
const UNIT_CODES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    s: 'second seconds sec secs',
    ms: 'millisecond milliseconds millis msec',
    us: 'microsecond microseconds micros usec µs μs',
    ns: 'nanosecond nanoseconds nanos nsec',
    min: 'minute minutes mins',
    h: 'hour hours hr hrs',
    d: 'day days',
    By: 'byte bytes b octets',
    kBy: 'kilobyte kilobytes kb',
    KiBy: 'kibibyte kibibytes kib',
    MBy: 'megabyte megabytes mb',
    MiBy: 'mebibyte mebibytes mib',
    GBy: 'gigabyte gigabytes gb',
    GiBy: 'gibibyte gibibytes gib',
    bit: 'bits',
    '%': 'percent',
    '1': 'none count number ratio',
  }).flatMap(([code, words]) => words.split(' ').map((word) => [word, code] as const)),
)

/** Warns once about a unit that is a word: names get no suffix for it, and timers refuse it. */
function noticeUnit(what: string, name: string, unit: string): void {
  const code = UNIT_CODES.get(unit.toLowerCase())
  if (code === undefined || code === unit) return
  warnOnce('TALLYSCOPE_UNIT', unit, `unit ${JSON.stringify(unit)} of ${what} ${name} is not a UCUM code (perhaps ${code})`)
}

/** @throws {@link DefinitionError} `ERR_KEYS` unless there are at most 32 different valid keys. */
export function checkKeys(what: string, name: string, keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
    throw new DefinitionError(
      'ERR_KEYS',
      `keys must be an array of at most ${MAX_KEYS}: ${what} ${name} has ${Array.isArray(keys) ? `${keys.length} of them` : inspectValue(keys)}`,
    )
  }
  for (const [at, key] of keys.entries()) {
    if (!isKey(key)) {
      throw new DefinitionError('ERR_KEYS', `a key must be 1 to 255 printable ASCII characters: ${what} ${name} has ${inspectValue(key)}`)
    }
    if (keys.indexOf(key) !== at) {
      throw new DefinitionError('ERR_KEYS', `keys must differ: ${what} ${name} has ${inspectValue(key)} twice`)
    }
  }
}
