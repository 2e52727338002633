import { componentName, inspectValue } from './strings/inspect-value.js'
import { DefinitionError } from './errors.js'
import { nearest } from './strings/nearest-name.js'

/** Lists every option of a type. A list with a missing or an unknown option does not compile. */
export type OptionNames<T> = { readonly [key in keyof Required<T>]: true }

type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S
type Complete<Given, All> = [Given, All] extends [All, Given] ? unknown : { missing: Exclude<All, Given>; unknown: Exclude<Given, All> }

/**
 * Lists the options of a type from their names, separated by blanks.
 * @param base Options of a type that it extends.
 * @example
 * const OPTIONS: OptionNames<CacheOptions> = optionNames('maxSize ttlMs')
 */
export function optionNames<All extends OptionNames<object>, S extends string, Base extends object = object>(
  names: S & Complete<Words<S> | keyof Base, keyof All>,
  base?: Base,
): All {
  return { ...base, ...Object.fromEntries(names.split(' ').map((name) => [name, true])) } as All
}

/** Our names for options of prom-client, OpenTelemetry and OpenCensus. The first that an owner has is its hint. */
const ELSEWHERE: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    advice: ['bounds'],
    attributes: ['tagKeys', 'labelKeys'],
    buckets: ['bounds'],
    columns: ['tagKeys'],
    desc: ['description'],
    endpoint: ['url', 'path'],
    exportIntervalMillis: ['intervalMs'],
    groupings: ['groupingKey'],
    help: ['description'],
    hostname: ['host'],
    jobName: ['job'],
    labelKeys: ['tagKeys'],
    labelNames: ['labelKeys', 'tagKeys'],
    labels: ['labelKeys', 'tagKeys'],
    log: ['logger'],
    maxAgeSeconds: ['maxAgeMs'],
    percentiles: ['quantiles'],
    register: ['producers'],
    registers: ['producers'],
    registry: ['producers'],
    samplingRate: ['sampler'],
    stats: ['producers'],
    tagKeys: ['labelKeys'],
    tags: ['tagKeys', 'labelKeys'],
  }),
)

/**
 * Refuses unknown options. If they were ignored, the misspelled `bearertoken` would leave an endpoint open. Only own properties are
 * checked. A property that is undefined counts as absent.
 *
 * @param owner The function or class with these options, for the message.
 * @throws {@link DefinitionError} `ERR_OPTION` for the first unknown option, with the name that was probably meant.
 */
export function checkOptions<T extends object>(owner: string, options: T | undefined, known: OptionNames<T>): void {
  if (options === undefined) return
  checkIsObject(owner, options)
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue
    const near = hintFor(name, Object.keys(known))
    const hint = near === undefined ? `its options are ${Object.keys(known).join(', ')}` : `perhaps ${near}`
    const fault = near === undefined ? classFault(options) : undefined
    throw new DefinitionError('ERR_OPTION', `${owner} ${fault ?? `has no option ${JSON.stringify(name.slice(0, 100))}`} (${hint})`)
  }
}

/** @throws {@link DefinitionError} `ERR_OPTION` unless the options are an object with named values. */
export function checkIsObject(owner: string, options: unknown): void {
  if (isObject(options)) return
  const given = options == null ? String(options) : Array.isArray(options) ? 'an array' : `a ${typeof options}`
  throw new DefinitionError('ERR_OPTION', `the options of ${owner} must be an object: they are ${given}`)
}

/**
 * The same for options that have to be given.
 * @throws {@link DefinitionError} `ERR_OPTION` if there are none, and for the first unknown option.
 */
export function checkRequiredOptions<T extends object>(owner: string, options: T, known: OptionNames<T>): void {
  if (options === undefined) throw new DefinitionError('ERR_OPTION', `${owner} needs options: none were given`)
  checkOptions(owner, options, known)
}

/** Returns the options that are not undefined, for a type whose options must not be undefined. */
export function givenOptions<T extends object>(options: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as typeof options
}

/** True for an object with named values, such as one of JSON: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hintFor(name: string, known: readonly string[]): string | undefined {
  return ELSEWHERE.get(name)?.find((ours) => known.includes(ours)) ?? nearest(name, known)
}

/** The fault of an object that is given in place of the options, as in `nodeHandler(stats)`; undefined for a plain object. */
function classFault(options: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(options)
  if (prototype === null || prototype === Object.prototype) return undefined
  return `was given ${inspectValue(componentName({ constructor: options.constructor }, 'an object'))} instead of its options`
}

/** The range of a numeric option. */
interface NumberRange {
  readonly min: number
  /** Default: none. */
  readonly max?: number | undefined
  /** Whole numbers only, none above `Number.MAX_SAFE_INTEGER`. */
  readonly integer?: boolean
}

/**
 * Checks a numeric option and returns it. Strings and other values are not converted.
 *
 * @throws {@link DefinitionError} with `code` if it is not a number, out of range, or not an integer if `integer` is set.
 */
export function checkNumber(code: string, name: string, value: unknown, range: NumberRange): number {
  const { min, max = Number.POSITIVE_INFINITY, integer = false } = range
  if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isSafeInteger(value))) return value
  const to = range.max === undefined ? '' : ` to ${max}`
  throw new DefinitionError(code, `${name} must be a ${integer ? 'whole ' : ''}number from ${min}${to}: it is ${inspectValue(value)}`)
}

/** Checks an option with a few values and returns it. @throws {@link DefinitionError} with `code` if it is none of them. */
export function checkOneOf<T extends string | number | boolean>(code: string, name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new DefinitionError(code, `${name} must be one of ${allowed.join(', ')}: it is ${inspectValue(value)}`)
}

type NamedOptions = Readonly<Record<string, unknown>>

/** @throws {@link DefinitionError} with `code` if one of these options is given and is not a boolean. */
export function checkBooleans(code: string, options: NamedOptions): void {
  checkEach(code, options, 'true or false', (value) => typeof value === 'boolean')
}

/** @throws {@link DefinitionError} with `code` if one of these options is given and is not a function. */
export function checkFunctions(code: string, options: NamedOptions): void {
  checkEach(code, options, 'a function', (value) => typeof value === 'function')
}

/** @throws {@link DefinitionError} with `code` if one of these options is given and is not a string. */
export function checkStrings(code: string, options: NamedOptions): void {
  checkEach(code, options, 'a string', isString)
}

/** @throws {@link DefinitionError} with `code` if one of these options is given and is not a list of strings. */
export function checkStringLists(code: string, options: NamedOptions): void {
  checkEach(code, options, 'a list of strings', (value) => Array.isArray(value) && value.every(isString))
}

const isString = (value: unknown): boolean => typeof value === 'string'

function checkEach(code: string, options: NamedOptions, rule: string, isValid: (value: unknown) => boolean): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !isValid(value)) throw new DefinitionError(code, `${name} must be ${rule}: it is ${inspectValue(value)}`)
  }
}

/** @throws {@link DefinitionError} `ERR_FUNCTION` if an argument is not a function. */
export function checkFunction(name: string, fn: unknown): void {
  if (typeof fn === 'function') return
  throw new DefinitionError('ERR_FUNCTION', `${name} must be a function: it is ${inspectValue(fn)}`)
}

/** @throws {@link DefinitionError} `ERR_OPTION` if a logger is given without `warn`, the method that logs failures. */
export function checkLogger(owner: string, logger: unknown): void {
  if (logger !== undefined) checkMethods('ERR_OPTION', `logger of ${owner}`, logger, ['warn'])
}

/** @throws {@link DefinitionError} `ERR_OPTION` if a clock is given without one of its methods: each new row would be dropped. */
export function checkClock(owner: string, clock: unknown): void {
  if (clock !== undefined) checkMethods('ERR_OPTION', `clock of ${owner}`, clock, ['unixMs', 'monotonicMs'])
}

/** @throws {@link DefinitionError} with `code` unless `part` is an object with these methods. */
export function checkMethods(code: string, name: string, part: unknown, methods: readonly string[]): void {
  const has = (method: string): boolean => typeof (part as Record<string, unknown> | null | undefined)?.[method] === 'function'
  if (methods.every(has)) return
  const wanted = methods.map((method) => `${method}()`).join(' and ')
  throw new DefinitionError(code, `${name} must be an object with ${wanted}: it is ${inspectValue(part)}`)
}
