import { type ComponentCall, ExpressionFault, parseExpression, parseExpressions, type TextValue } from './component-expression.js'
import { REPLACEMENTS, type OptionType, COMPONENTS, type ComponentDefinition, type ComponentKind } from './component-registry.js'
import { isObject } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { nearest, plain } from '../../base/strings/nearest-name.js'
import type { Place } from './problem.js'

/** The name of a built-in component with its options. The component itself checks their values. */
export interface ComponentSpec {
  readonly component: string
  readonly options: Readonly<Record<string, OptionValue>>
}

type OptionValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>> | ComponentSpec

/** A component that was created in code. */
export interface GivenComponent {
  readonly given: object
}

export type Component = ComponentSpec | GivenComponent

/** The method that distinguishes a component from an object that describes one. */
const METHODS: Readonly<Record<ComponentKind, string>> = {
  sampler: 'shouldSample',
  exporter: 'export',
  propagator: 'extract',
  transport: 'send',
}

/** Limit of nested components in objects. Strings have another limit. */
const MAX_DEPTH = 10

/**
 * Reads one component: a string, an object `{ name: options }`, or, from code, the component itself. If there is a problem, reports it and
 * returns undefined.
 */
export function readComponent(kind: ComponentKind, value: unknown, place: Place, depth = 0): Component | undefined {
  if (typeof value === 'string') {
    const parsed = parsing(value, place, parseExpression)
    return parsed && componentFromExpression(kind, parsed, place)
  }
  if (typeof value === 'function' && kind === 'transport') return { given: value }
  if (!isObject(value)) {
    const isRate = kind === 'sampler' && typeof value === 'number'
    const hint = isRate ? `perhaps "probability(${value})"` : `one of ${namesFor(kind, place).join(', ')}`
    return place.problem(`must be the name of a component of kind ${kind}: it is ${inspectValue(value)}`, hint)
  }
  if (typeof value[METHODS[kind]] === 'function') return { given: value }
  if (depth < MAX_DEPTH) return componentFromObject(kind, value, place, depth)
  return place.problem(`components must not be nested more than ${MAX_DEPTH} deep`)
}

/** Reads several components: a list, one component, or a string separated by commas. `none` means no component. */
export function readComponents(kind: ComponentKind, value: unknown, place: Place): Component[] {
  if (Array.isArray(value)) {
    const named = value.filter((item) => typeof item !== 'string' || plain(item) !== 'none')
    return named.flatMap((item, at) => readComponent(kind, item, place.part(`[${at}]`)) ?? [])
  }
  if (typeof value !== 'string') {
    const component = readComponent(kind, value, place)
    return component === undefined ? [] : [component]
  }
  const items = parsing(value, place, parseExpressions) ?? []
  if (items.length === 1 && items[0]!.kind === 'word' && plain(items[0]!.text) === 'none') return []
  return items.flatMap((item) => componentFromExpression(kind, item, place) ?? [])
}

function parsing<T>(text: string, place: Place, parse: (text: string) => T): T | undefined {
  try {
    return parse(text)
  } catch (fault) {
    if (!(fault instanceof ExpressionFault)) throw fault
    return place.problem(`${inspectValue(text)} cannot be read: ${fault.message}`, 'write it as name or name(option=value)')
  }
}

function componentFromExpression(kind: ComponentKind, value: TextValue, place: Place): ComponentSpec | undefined {
  if (value.kind === 'list') return place.problem('must be one component, not a list')
  const call: ComponentCall = value.kind === 'call' ? value : { kind: 'call', name: value.text, positional: [], named: {} }
  const definition = definitionOf(kind, call.name, place)
  if (definition === undefined) return undefined
  const { name, positional = [], dottedDefaults = {} } = definition
  const given = new Map<string, TextValue>(Object.entries(call.named))
  if (call.positional.length > positional.length) {
    place.problem(`${name} takes ${positional.length} values without a name, not ${call.positional.length}`)
  }
  for (const [at, option] of positional.entries()) {
    const value = call.positional[at]
    if (value !== undefined) given.set(option, value)
  }
  const defaults = call.name.includes('.') ? dottedDefaults : {}
  return build(definition, given, place, (type, option, at) => optionFromExpression(type, option, at), defaults)
}

function componentFromObject(kind: ComponentKind, value: Record<string, unknown>, place: Place, depth: number): ComponentSpec | undefined {
  const [entry, ...others] = Object.entries(value)
  if (entry === undefined || others.length > 0) {
    return place.problem('an object that describes a component must have one key, its name', '{ "file": { "path": "traces.jsonl" } }')
  }
  const [name, options] = entry
  const definition = definitionOf(kind, name, place)
  if (definition === undefined) return undefined
  const given = new Map(Object.entries(optionsOf(options, definition)))
  return build(definition, given, place.part(`.${name}`), (type, option, at) => optionFromJson(type, option, at, depth + 1))
}

/** The options in `{ name: options }`: an object of them, the first one, or none (`true` or `null`). */
function optionsOf(options: unknown, { positional = [] }: ComponentDefinition): Record<string, unknown> {
  if (isObject(options)) return options
  return options === true || options === null ? {} : { [positional[0] ?? '']: options }
}

/** Reads the options of a component. Returns undefined if there is a problem with one of them. */
function build<T>(
  definition: ComponentDefinition,
  given: ReadonlyMap<string, T>,
  place: Place,
  read: (type: OptionType, option: T, place: Place) => OptionValue | undefined,
  defaults: Readonly<Record<string, OptionValue>> = {},
): ComponentSpec | undefined {
  const options = new Map<string, OptionValue>(Object.entries(defaults))
  let sound = true
  for (const [key, option] of given) {
    const [name, factor] = optionName(definition, key)
    const type = ownValue(definition.options, name)
    const value = type === undefined ? unknownOption(definition, key, place) : read(type, option, place.part(`.${name}`))
    if (value === undefined) sound = false
    else options.set(name, typeof value === 'number' ? value * factor : value)
  }
  if (!sound) return undefined
  const missing = definition.required?.find((name) => !options.has(name))
  if (missing !== undefined) return place.problem(`${definition.name} needs ${missing}`, `${definition.name}(${missing}=…)`)
  return { component: definition.name, options: Object.fromEntries(options) }
}

/** The name of an option that may be given by an alias, and the factor of its unit. */
function optionName({ optionAliases = {} }: ComponentDefinition, key: string): readonly [name: string, factor: number] {
  const alias = ownValue(optionAliases, key) ?? key
  return typeof alias === 'string' ? [alias, 1] : alias
}

function unknownOption(definition: ComponentDefinition, key: string, place: Place): undefined {
  const known = Object.keys(definition.options)
  const hint = known.length === 0 ? 'it has none' : `its options are ${known.join(', ')}`
  return place.problem(`${definition.name} has no option ${inspectValue(key)}`, hint)
}

/** A property that is not inherited, since keys come from configurations. */
function ownValue<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function definitionOf(kind: ComponentKind, name: string, place: Place): ComponentDefinition | undefined {
  const dotted = name.startsWith('opencensus.')
  const wanted = plain(dotted ? name.slice(name.lastIndexOf('.') + 1) : name)
  const foreign = dotted ? REPLACEMENTS.find(({ within }) => within.test(name)) : undefined
  const found = COMPONENTS[kind].find((definition) => [definition.name, ...definition.aliases].some((one) => plain(one) === wanted))
  if (found !== undefined && foreign === undefined) return found
  const instead = foreign ?? REPLACEMENTS.find(({ within }) => within.test(name))
  const fitting = namesFor(kind, place)
  const near = nearest(name, fitting)
  const hint = instead?.hint ?? (near === undefined ? `one of ${fitting.join(', ')}` : `perhaps ${near}`)
  return place.problem(`there is no ${kind} ${inspectValue(name)}`, hint)
}

/** The names of components that are valid for a setting: for exporters those of its signal, and `none`. */
function namesFor(kind: ComponentKind, { path }: Place): string[] {
  if (kind !== 'exporter') return COMPONENTS[kind].map(({ name }) => name)
  const signal = /traces?[._]/i.test(path) ? 'traces' : /metrics?[._]/i.test(path) ? 'metrics' : undefined
  const fitting = COMPONENTS.exporter.filter(({ signals }) => signal === undefined || signals === undefined || signals.includes(signal))
  return [...fitting.map(({ name }) => name), ...(signal === undefined ? [] : ['none'])]
}

function optionFromExpression(type: OptionType, value: TextValue, place: Place): OptionValue | undefined {
  if (type === 'sampler' || type === 'transport') return componentFromExpression(type, value, place)
  if (type === 'strings') return (value.kind === 'list' ? value.items : [value]).flatMap((item) => ('text' in item ? [item.text] : []))
  if (type === 'labels') return place.problem(ruleOf(type), 'write the component as an object')
  return 'text' in value ? optionFromJson(type, value.text, place, 0) : place.problem(ruleOf(type))
}

function optionFromJson(type: OptionType, value: unknown, place: Place, depth: number): OptionValue | undefined {
  if (type === 'sampler' || type === 'transport') {
    const component = readComponent(type, value, place, depth)
    return component !== undefined && 'component' in component ? component : undefined
  }
  return readOption(type, value) ?? place.problem(`${ruleOf(type)}: it is ${inspectValue(value)}`)
}

function readOption(type: Exclude<OptionType, 'sampler' | 'transport'>, value: unknown): OptionValue | undefined {
  switch (type) {
    case 'number':
      return readNumber(value)
    case 'fileMode':
      return readFileMode(value)
    case 'numberOrWord':
      return readNumber(value) ?? readWord(value)
    case 'boolean':
      return readBoolean(value)
    case 'booleanOrWord':
      return readBoolean(value) ?? readWord(value)
    case 'string':
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
    case 'labels':
      return isLabels(value) ? value : undefined
  }
}

/** Reads a number, or a string with a number. */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?\s*$/i.test(value)) return Number(value)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

const RULES: Readonly<Partial<Record<OptionType, string>>> = {
  fileMode: 'must be octal digits such as 0640',
  numberOrWord: 'must be a number or a word',
  booleanOrWord: 'must be true, false or a word',
  labels: 'must be an object of strings',
}

function ruleOf(type: OptionType): string {
  return RULES[type] ?? `must be a ${type}`
}

/** Reads a word that may replace a number or boolean, such as `auto`. The component checks which words are valid. */
function readWord(value: unknown): string | undefined {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  return /^[a-z]+$/.test(word) ? word : undefined
}

/** Reads permissions: a string is octal, as for `chmod`; a number, which is possible in code and JSON, is not converted. */
function readFileMode(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*(?:0o?)?[0-7]{3}\s*$/i.test(value)) return Number.parseInt(value.replace(/o/i, ''), 8)
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

/** Reads a boolean, or its form in an environment variable. */
export function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  const text = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (['true', '1', 'yes', 'on'].includes(text)) return true
  return ['false', '0', 'no', 'off'].includes(text) ? false : undefined
}

/** True for an object whose values are strings. */
export function isLabels(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
}
