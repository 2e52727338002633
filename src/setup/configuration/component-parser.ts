import { type ComponentCall, ExpressionFault, parseExpression, parseExpressions, type TextValue } from './component-expression.js'
import { REPLACEMENTS, type OptionType, COMPONENTS, type ComponentDefinition, type ComponentKind } from './component-registry.js'
import { inspectValue } from '../../base/inspect-value.js'
import { nearest, plain } from '../../base/nearest-name.js'
import type { ConfigurationProblem } from './problem.js'

/** The name of a built-in component with its options. The component itself checks their values. */
export interface ComponentSpec {
  readonly component: string
  readonly options: Readonly<Record<string, OptionValue>>
}

export type OptionValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>> | ComponentSpec

/** A component that was created in code. */
export interface GivenComponent {
  readonly given: object
}

export type Component = ComponentSpec | GivenComponent

export type Report = (problem: ConfigurationProblem) => void

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
export function readComponent(kind: ComponentKind, value: unknown, path: string, report: Report, depth = 0): Component | undefined {
  if (typeof value === 'string') {
    const parsed = parsing(value, path, report, parseExpression)
    return parsed && componentFromExpression(kind, parsed, path, report)
  }
  if (typeof value === 'function' && kind === 'transport') return { given: value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report({
      path,
      problem: `must name a component of kind ${kind}: it is ${inspectValue(value)}`,
      hint: `one of ${namesFor(kind, path).join(', ')}`,
    })
    return undefined
  }
  if (typeof (value as Record<string, unknown>)[METHODS[kind]] === 'function') return { given: value }
  if (depth < MAX_DEPTH) return componentFromObject(kind, value as Record<string, unknown>, path, report, depth)
  report({ path, problem: `components must not be nested more than ${MAX_DEPTH} deep` })
  return undefined
}

/** Reads several components: a list, one component, or a string separated by commas. `none` means no component. */
export function readComponents(kind: ComponentKind, value: unknown, path: string, report: Report): Component[] {
  if (Array.isArray(value)) {
    const named = value.filter((item) => typeof item !== 'string' || plain(item) !== 'none')
    return named.flatMap((item, at) => readComponent(kind, item, `${path}[${at}]`, report) ?? [])
  }
  if (typeof value !== 'string') {
    const component = readComponent(kind, value, path, report)
    return component === undefined ? [] : [component]
  }
  const items = parsing(value, path, report, parseExpressions) ?? []
  if (items.length === 1 && items[0]!.kind === 'word' && plain(items[0]!.text) === 'none') return []
  return items.flatMap((item) => componentFromExpression(kind, item, path, report) ?? [])
}

function parsing<T>(text: string, path: string, report: Report, parse: (text: string) => T): T | undefined {
  try {
    return parse(text)
  } catch (fault) {
    if (!(fault instanceof ExpressionFault)) throw fault
    report({ path, problem: `${inspectValue(text)} cannot be read: ${fault.message}`, hint: 'write it as name or name(option=value)' })
    return undefined
  }
}

function componentFromExpression(kind: ComponentKind, value: TextValue, path: string, report: Report): ComponentSpec | undefined {
  if (value.kind === 'list') {
    report({ path, problem: 'must be one component, not a list' })
    return undefined
  }
  const call: ComponentCall = value.kind === 'call' ? value : { kind: 'call', name: value.text, positional: [], named: {} }
  const definition = definitionOf(kind, call.name, path, report)
  if (definition === undefined) return undefined
  const given = new Map<string, TextValue>(Object.entries(call.named))
  for (const [at, positional] of call.positional.entries()) {
    const option = definition.positional?.[at]
    if (option === undefined) {
      report({
        path,
        problem: `${definition.name} takes ${definition.positional?.length ?? 0} values without a name, not ${call.positional.length}`,
      })
      break
    }
    given.set(option, positional)
  }
  const defaults = call.name.includes('.') ? Object.entries(definition.dottedDefaults ?? {}) : []
  return build(definition, given, defaults, path, report, (type, option, at) => optionFromExpression(type, option, at, report))
}

function componentFromObject(
  kind: ComponentKind,
  value: Record<string, unknown>,
  path: string,
  report: Report,
  depth: number,
): ComponentSpec | undefined {
  const [entry, ...others] = Object.entries(value)
  if (entry === undefined || others.length > 0) {
    report({
      path,
      problem: 'an object that describes a component must have one key, its name',
      hint: '{ "file": { "path": "traces.jsonl" } }',
    })
    return undefined
  }
  const [name, options] = entry
  const definition = definitionOf(kind, name, path, report)
  if (definition === undefined) return undefined
  const described = typeof options === 'object' && options !== null && !Array.isArray(options)
  const given = described
    ? Object.entries(options)
    : options === true || options === null
      ? []
      : [[definition.positional?.[0] ?? '', options] as const]
  return build(definition, new Map<string, unknown>(given), [], `${path}.${name}`, report, (type, option, at) =>
    optionFromJson(type, option, at, report, depth + 1),
  )
}

function build<T>(
  definition: ComponentDefinition,
  given: ReadonlyMap<string, T>,
  defaults: readonly (readonly [string, OptionValue])[],
  path: string,
  report: Report,
  read: (type: OptionType, option: T, path: string) => OptionValue | undefined,
): ComponentSpec | undefined {
  const options = new Map<string, OptionValue>(defaults)
  let sound = true
  for (const [key, option] of given) {
    const aliases = definition.optionAliases ?? {}
    const alias = Object.hasOwn(aliases, key) ? aliases[key] : undefined
    const [name, factor] = typeof alias === 'object' ? alias : [alias ?? key, 1]
    const type = Object.hasOwn(definition.options, name) ? definition.options[name] : undefined
    if (type === undefined) {
      const known = Object.keys(definition.options)
      const hint = known.length === 0 ? 'it has none' : `its options are ${known.join(', ')}`
      report({ path, problem: `${definition.name} has no option ${inspectValue(key)}`, hint })
      sound = false
      continue
    }
    const value = read(type, option, `${path}.${name}`)
    if (value === undefined) sound = false
    else options.set(name, typeof value === 'number' ? value * factor : value)
  }
  for (const name of definition.required ?? []) {
    if (options.has(name) || !sound) continue
    report({ path, problem: `${definition.name} needs ${name}`, hint: `${definition.name}(${name}=…)` })
    sound = false
  }
  return sound ? { component: definition.name, options: Object.fromEntries(options) } : undefined
}

function definitionOf(kind: ComponentKind, name: string, path: string, report: Report): ComponentDefinition | undefined {
  const dotted = name.startsWith('opencensus.')
  const wanted = plain(dotted ? name.slice(name.lastIndexOf('.') + 1) : name)
  const foreign = dotted ? REPLACEMENTS.find(({ within }) => within.test(name)) : undefined
  const found = COMPONENTS[kind].find((definition) => [definition.name, ...definition.aliases].some((one) => plain(one) === wanted))
  if (found !== undefined && foreign === undefined) return found
  const instead = foreign ?? REPLACEMENTS.find(({ within }) => within.test(name))
  const fitting = namesFor(kind, path)
  const near = nearest(name, fitting)
  const hint = instead?.hint ?? (near === undefined ? `one of ${fitting.join(', ')}` : `perhaps ${near}`)
  report({ path, problem: `there is no ${kind} ${inspectValue(name)}`, hint })
  return undefined
}

/** The names of components that are valid for a setting: for exporters those of its signal, and `none`. */
function namesFor(kind: ComponentKind, path: string): string[] {
  if (kind !== 'exporter') return COMPONENTS[kind].map(({ name }) => name)
  const signal = /traces?[._]/i.test(path) ? 'traces' : /metrics?[._]/i.test(path) ? 'metrics' : undefined
  const fitting = COMPONENTS.exporter.filter(({ signals }) => signal === undefined || signals === undefined || signals.includes(signal))
  return [...fitting.map(({ name }) => name), ...(signal === undefined ? [] : ['none'])]
}

function optionFromExpression(type: OptionType, value: TextValue, path: string, report: Report): OptionValue | undefined {
  if (type === 'sampler' || type === 'transport') return componentFromExpression(type, value, path, report)
  if (type === 'strings') return (value.kind === 'list' ? value.items : [value]).flatMap((item) => ('text' in item ? [item.text] : []))
  if (!('text' in value) || type === 'labels') {
    report({ path, problem: ruleOf(type), ...(type === 'labels' && { hint: 'write the component as an object' }) })
    return undefined
  }
  return optionFromJson(type, value.text, path, report, 0)
}

function optionFromJson(type: OptionType, value: unknown, path: string, report: Report, depth: number): OptionValue | undefined {
  const read = readOption(type, value, path, report, depth)
  if (read !== undefined) return read
  if (type !== 'sampler' && type !== 'transport') report({ path, problem: `${ruleOf(type)}: it is ${inspectValue(value)}` })
  return undefined
}

function readOption(type: OptionType, value: unknown, path: string, report: Report, depth: number): OptionValue | undefined {
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
    case 'sampler':
    case 'transport': {
      const component = readComponent(type, value, path, report, depth)
      return component !== undefined && 'component' in component ? component : undefined
    }
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
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === 'string')
  )
}
