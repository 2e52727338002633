import { isLabels, type Component, readBoolean, readNumber, readComponent, readComponents } from './component-parser.js'
import { COMPONENTS, INTEGRATIONS } from './component-registry.js'
import { isObject } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { nearest, plain } from '../../base/strings/nearest-name.js'
import type { Place } from './problem.js'

type Labels = Readonly<Record<string, string>>

/** A function, which is possible only in code. */
type Callback = (...args: never[]) => unknown

/** The type of each setting by path. */
export interface Settings {
  readonly service: string
  readonly enabled: boolean
  /** Resource labels. */
  readonly resource: Labels
  /** Labels of every exposed and exported series. */
  readonly constantLabels: Labels
  /** New label keys by old label keys. */
  readonly renameLabels: Labels
  readonly 'traces.sampler': Component
  readonly 'traces.exporters': readonly Component[]
  readonly 'traces.propagator': readonly Component[]
  readonly 'traces.transport': Component
  readonly 'traces.views': boolean
  readonly 'traces.ignorePaths': readonly string[]
  readonly 'traces.ignoreHosts': readonly string[]
  readonly 'traces.publicEndpoint': boolean
  readonly 'traces.urlQuery': UrlQuerySetting
  readonly 'traces.integrations': readonly string[]
  readonly 'metrics.exporters': readonly Component[]
  readonly 'metrics.intervalMs': number
  readonly 'metrics.exportTimeoutMs': number
  readonly 'metrics.runtime': boolean
  readonly 'metrics.promClientNames': boolean
  /** True to merge the metrics of several processes; a string is the name of their group. */
  readonly cluster: boolean | string
  readonly prometheus: boolean
  readonly 'prometheus.port': number
  readonly 'prometheus.host': string
  readonly 'prometheus.path': string
  readonly 'prometheus.bearerTokenFile': string
  readonly 'prometheus.allowedHosts': readonly string[]
  readonly 'prometheus.guard': Callback
  readonly 'prometheus.optional': boolean
  readonly 'prometheus.unref': boolean
  readonly 'auto.fastify': boolean
  readonly 'auto.httpServer': boolean
  readonly 'auto.httpClient': boolean
  readonly 'auto.shutdownHooks': boolean
}

/** The setting `urlQuery`. A function is possible only in code. */
export type UrlQuerySetting = boolean | 'redacted' | ((query: string) => string)

export type SettingPath = keyof Settings

type Reader<T> = (value: unknown, place: Place) => T | undefined

const READERS: { readonly [path in SettingPath]: Reader<Settings[path]> } = {
  service: readText,
  enabled: readSwitch,
  resource: (value, place) => (isLabels(value) ? value : wrong(value, place, 'must be an object of strings')),
  constantLabels: readLabels,
  renameLabels: readLabels,
  'traces.sampler': (value, place) => readComponent('sampler', value, place),
  'traces.exporters': (value, place) => readComponents('exporter', value, place).filter(takes('traces', place)),
  'traces.propagator': (value, place) => readComponents('propagator', value, place),
  'traces.transport': (value, place) => readComponent('transport', value, place),
  'traces.views': readSwitch,
  'traces.ignorePaths': readTexts,
  'traces.ignoreHosts': readTexts,
  'traces.publicEndpoint': readSwitch,
  'traces.urlQuery': readUrlQuery,
  'traces.integrations': readIntegrations,
  'metrics.exporters': (value, place) => readComponents('exporter', value, place).filter(takes('metrics', place)),
  'metrics.intervalMs': readInterval,
  'metrics.exportTimeoutMs': readInterval,
  'metrics.runtime': readSwitch,
  'metrics.promClientNames': readSwitch,
  cluster: readCluster,
  prometheus: readSwitch,
  'prometheus.port': readPort,
  'prometheus.host': readText,
  'prometheus.path': readText,
  'prometheus.bearerTokenFile': readText,
  'prometheus.allowedHosts': readTexts,
  'prometheus.guard': (value, place) =>
    typeof value === 'function' ? (value as Callback) : wrong(value, place, 'must be a function, which is possible only in code'),
  'prometheus.optional': readSwitch,
  'prometheus.unref': readSwitch,
  'auto.fastify': readSwitch,
  'auto.httpServer': readSwitch,
  'auto.httpClient': readSwitch,
  'auto.shutdownHooks': readSwitch,
}

export const SETTING_PATHS: readonly SettingPath[] = Object.keys(READERS) as SettingPath[]

/** Reads the value of one setting in any form. Problems are reported under `path`. */
export function readSetting<P extends SettingPath>(setting: P, value: unknown, place: Place): Settings[P] | undefined {
  return READERS[setting](value, place)
}

/** True if settings have this section, such as `traces`. */
export function isSection(name: string): boolean {
  return SETTING_PATHS.some((path) => path.startsWith(`${name}.`))
}

function takes(signal: 'traces' | 'metrics', place: Place): (component: Component) => boolean {
  return (component) => {
    if (!('component' in component)) return true
    const { name, signals, metricOptions = [] } = COMPONENTS.exporter.find((one) => one.name === component.component)!
    const reject = (problem: string, hint: string): boolean => place.problem(problem, hint) ?? false
    if (signals !== undefined && !signals.includes(signal)) {
      return reject(`${name} takes ${signals[0]} only`, `put it into ${signals[0]}.exporters`)
    }
    if (signal === 'metrics' && 'transport' in component.options) {
      return reject('metrics have no transport: they are exported every interval', 'set metrics.intervalMs')
    }
    const foreign = signal === 'traces' ? metricOptions.filter((option) => option in component.options) : []
    return foreign.length === 0 || reject(`${name} has no ${foreign.join(', ')} for traces`, 'metrics have it')
  }
}

function wrong(value: unknown, place: Place, rule: string): undefined {
  return place.problem(`${rule}: it is ${inspectValue(value)}`)
}

function readText(value: unknown, place: Place): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : wrong(value, place, 'must be a string')
}

function readSwitch(value: unknown, place: Place): boolean | undefined {
  return readBoolean(value) ?? wrong(value, place, 'must be true or false')
}

/** Reads a boolean, or the name of a group. */
function readCluster(value: unknown, place: Place): boolean | string | undefined {
  const on = readBoolean(value)
  if (on !== undefined) return on
  const name = typeof value === 'string' ? value.trim() : ''
  return name !== '' && name.length <= 256 ? name : wrong(value, place, 'must be true, false or a name of 1 to 256 characters')
}

function readUrlQuery(value: unknown, place: Place): UrlQuerySetting | undefined {
  if (typeof value === 'function') return value as (query: string) => string
  if (typeof value === 'string' && value.trim().toLowerCase() === 'redacted') return 'redacted'
  return readBoolean(value) ?? wrong(value, place, "must be true, false or 'redacted'")
}

function readTexts(value: unknown, place: Place): readonly string[] | undefined {
  const list =
    typeof value === 'string'
      ? value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      : value
  return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : wrong(value, place, 'must be a list of strings')
}

/** Reads an object of strings, numbers or booleans, or a string such as `app=shop,zone=eu`. */
function readLabels(value: unknown, place: Place): Labels | undefined {
  if (isObject(value)) {
    const labels = Object.entries(value)
    const other = labels.find(([, label]) => !['string', 'number', 'boolean'].includes(typeof label))
    if (other !== undefined) return wrong(other[1], place.part(`.${other[0]}`), 'must be a string, a number or a boolean')
    return Object.fromEntries(labels.map(([key, label]) => [key, String(label)]))
  }
  const pairs = typeof value === 'string' ? value.split(',').map((pair) => /^\s*([^=\s]+)\s*=(.*)$/s.exec(pair)) : [null]
  if (pairs.includes(null)) return wrong(value, place, 'must be labels such as app=shop,zone=eu, or an object')
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!.trim()]))
}

function readIntegrations(value: unknown, place: Place): readonly string[] | undefined {
  const names = readTexts(value, place)
  const found = names?.flatMap((name) => {
    const known = Object.hasOwn(INTEGRATIONS, name.toLowerCase()) ? INTEGRATIONS[name.toLowerCase()] : undefined
    if (known !== undefined) return [known]
    const near = nearest(name, Object.keys(INTEGRATIONS))
    const hint = near === undefined ? `one of ${[...new Set(Object.values(INTEGRATIONS))].join(', ')}` : `perhaps ${near}`
    return place.problem(`there is no integration ${inspectValue(name)}`, hint) ?? []
  })
  return found && [...new Set(found)]
}

function readInterval(value: unknown, place: Place): number | undefined {
  const number = readNumber(value)
  const fits = number !== undefined && number >= 1 && number <= 2 ** 31 - 1
  return fits ? number : wrong(value, place, 'must be a number of milliseconds from 1 to 2147483647')
}

function readPort(value: unknown, place: Place): number | undefined {
  const number = readNumber(value)
  const fits = number !== undefined && Number.isInteger(number) && number >= 0 && number <= 65_535
  return fits ? number : wrong(value, place, 'must be a port from 0 to 65535')
}

/** A hint for an unknown setting: the most similar name, or all names of its section. */
export function settingHint(path: string): string {
  const near = nearest(path, SETTING_PATHS)
  if (near !== undefined) return `perhaps ${near}`
  const section = path.split('.')[0]!
  const within = SETTING_PATHS.filter((known) => known.startsWith(`${section}.`))
  return `one of ${(within.length > 0 ? within : [...new Set(SETTING_PATHS.map((known) => known.split('.')[0]!))]).join(', ')}`
}

/** The setting for any spelling of its path. */
export function settingOf(path: string): SettingPath | undefined {
  const wanted = plain(path)
  return SETTING_PATHS.find((known) => plain(known) === wanted)
}
