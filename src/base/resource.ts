import { isObject } from './check-options.js'
import { DefinitionError } from './errors.js'
import { inspectValue } from './strings/inspect-value.js'
import { isPrintableAscii } from './strings/printable-ascii.js'
/**
 * The identity of the reporting process: a type such as `container` or `host`, and labels. It is exported with all metrics and spans.
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/resource/Resource.md
 */
export interface Resource {
  /** The kind of entity, if known. */
  readonly type?: string
  readonly labels: Readonly<Record<string, string>>
}

const EMPTY_RESOURCE: Resource = Object.freeze({ labels: Object.freeze({}) })

/** The resource types of the OpenCensus specification, narrowest first; merge resources in this order. */
export const STANDARD_RESOURCE_TYPES: readonly string[] = ['container', 'k8s', 'host', 'cloud']

const MAX_CHARACTERS = 256

/**
 * Describes what is wrong with a resource; undefined if it is valid. Type and keys have 1 to 256 printable ASCII characters, values up to 256
 * characters of well-formed Unicode, as in OpenTelemetry.
 */
export function resourceFault({ type, labels }: Resource): string | undefined {
  if (type !== undefined && !isName(type)) return `a resource type must be 1 to 256 printable ASCII characters: ${inspectValue(type)}`
  for (const [key, value] of Object.entries(labels)) {
    if (!isName(key)) return `resource label keys must be 1 to 256 printable ASCII characters: ${inspectValue(key)}`
    if (!isValue(value))
      return `resource label values must be at most 256 characters of well-formed Unicode: ${key} is ${inspectValue(value)}`
  }
  return undefined
}

/** @throws {@link DefinitionError} `ERR_OPTION` unless it is an object with `labels`, whose values are strings. */
export function checkResource(name: string, given: unknown): asserts given is Resource {
  const labels = isObject(given) ? given['labels'] : undefined
  if (isObject(labels) && Object.values(labels).every((value) => typeof value === 'string')) return
  throw new DefinitionError('ERR_OPTION', `${name} must be an object whose labels are strings: it is ${inspectValue(given)}`)
}

/**
 * Merges several resources. For each label, and for the type, the first resource that has it takes precedence. Pass narrower ones first:
 * container, k8s, host, cloud.
 * @throws {@link DefinitionError} `ERR_OPTION` unless they are an array of objects with `labels`.
 * @example
 * mergeResources([{ labels: { pod: 'web-1' } }, resourceFromEnvironment(process.env).resource])
 */
export function mergeResources(resources: readonly Resource[]): Resource {
  checkResources(resources)
  const labels = new Map<string, string>()
  for (const resource of resources) {
    for (const [key, value] of Object.entries(resource.labels)) {
      if (!labels.has(key)) labels.set(key, value)
    }
  }
  const type = resources.find((resource) => resource.type !== undefined && resource.type !== '')?.type
  return { ...(type !== undefined && { type }), labels: Object.fromEntries(labels) }
}

function checkResources(given: unknown): void {
  const hasLabels = (resource: unknown): boolean => isObject(resource) && isObject(resource['labels'])
  if (Array.isArray(given) && given.every(hasLabels)) return
  throw new DefinitionError('ERR_OPTION', `resources must be an array of objects with labels: they are ${inspectValue(given)}`)
}

/** A resource from the environment, with a description of variables that are malformed. */
interface ResourceReading {
  readonly resource: Resource
  readonly problems: readonly VariableProblem[]
}

/** An environment variable that is ignored. */
export interface VariableProblem {
  readonly variable: string
  readonly problem: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the resource from `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OC_RESOURCE_TYPE` and `OC_RESOURCE_LABELS`. For each label, the
 * earlier of these takes precedence. A malformed variable is ignored as a whole and reported in `problems`. It does not throw, because a
 * program must not fail to start because of a label.
 * @example
 * resourceFromEnvironment({ OTEL_SERVICE_NAME: 'shop' }).resource.labels // { 'service.name': 'shop' }
 */
export function resourceFromEnvironment(env: Environment): ResourceReading {
  const problems: VariableProblem[] = []
  const read = (variable: string, parse: (text: string) => Resource): Resource => {
    const text = env[variable]
    if (text === undefined) return EMPTY_RESOURCE
    try {
      const resource = parse(text)
      const fault = resourceFault(resource)
      if (fault === undefined) return resource
      problems.push({ variable, problem: fault })
    } catch (error) {
      problems.push({ variable, problem: (error as Error).message })
    }
    return EMPTY_RESOURCE
  }
  const resource = mergeResources([
    read('OTEL_SERVICE_NAME', (text) => ({ labels: text === '' ? {} : { 'service.name': text } })),
    read('OTEL_RESOURCE_ATTRIBUTES', (text) => ({ labels: parseAttributes(text) })),
    read('OC_RESOURCE_TYPE', (text) => (text.trim() === '' ? EMPTY_RESOURCE : { type: text.trim(), labels: {} })),
    read('OC_RESOURCE_LABELS', (text) => ({ labels: parseResourceLabels(text) })),
  ])
  return { resource, problems }
}

// Blanks at the ends of key and unquoted value are trimmed afterwards: in the expression they would cause backtracking.
const KEY = /\s*([^\s,="'\\][^,="']*)=\s*/y
const QUOTED = /"((?:[^"\\]|\\.)*)"\s*/y
const BARE = /([^,"']*)(?=,|$)/y

/**
 * Parses `key="value",key="value"`. A quote inside a value is written as `\"`. Values without quotes are accepted too.
 * @throws Error with the rule and the position of the first mistake.
 */
export function parseResourceLabels(text: string): Record<string, string> {
  const labels = new Map<string, string>()
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) return undefined
    at = pattern.lastIndex
    return match[1]
  }
  if (text.trim() === '') return {}
  for (;;) {
    const key = take(KEY)?.trimEnd()
    const quoted = key === undefined ? undefined : take(QUOTED)
    const value = quoted?.replace(/\\(.)/gs, '$1') ?? (key === undefined ? undefined : take(BARE)?.trimEnd())
    if (key === undefined || value === undefined || (at < text.length && text[at] !== ',')) {
      throw new Error(`labels must be key="value" with commas between: ${inspectValue(text)} is not at character ${at}`)
    }
    labels.set(key, value)
    if (at >= text.length) return Object.fromEntries(labels)
    at++
  }
}

/** Parses `key=value` pairs with commas between and percent escapes, as OpenTelemetry defines them. */
function parseAttributes(text: string): Record<string, string> {
  const attributes = new Map<string, string>()
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const equals = item.indexOf('=')
    const key = decode(item.slice(0, Math.max(0, equals)).trim())
    if (key === '') throw new Error(`attributes must be key=value with commas between: ${inspectValue(item)} is not`)
    attributes.set(key, decode(item.slice(equals + 1).trim()))
  }
  return Object.fromEntries(attributes)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error(`percent escapes must be UTF-8: ${inspectValue(text)} is not`)
  }
}

function isName(text: string): boolean {
  return text.length > 0 && isPrintableAscii(text, MAX_CHARACTERS)
}

function isValue(text: string): boolean {
  return typeof text === 'string' && text.length <= MAX_CHARACTERS && text.isWellFormed()
}
