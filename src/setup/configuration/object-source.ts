import { isObject } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { Place, type Report } from './problem.js'
import { isSection, readSetting, type SettingPath, type Settings, settingHint, settingOf } from './settings.js'

/** The settings of one source: code, the environment, or a file. */
export type Layer = { -readonly [path in SettingPath]?: Settings[path] }

/** Settings by their names, current and older, in OpenCensus configurations. */
const OPENCENSUS: Readonly<Record<string, SettingPath>> = {
  SAMPLER: 'traces.sampler',
  EXPORTER: 'traces.exporters',
  PROPAGATOR: 'traces.propagator',
  EXCLUDELIST_PATHS: 'traces.ignorePaths',
  EXCLUDELIST_HOSTNAMES: 'traces.ignoreHosts',
  BLACKLIST_PATHS: 'traces.ignorePaths',
  BLACKLIST_HOSTNAMES: 'traces.ignoreHosts',
  INTEGRATIONS: 'traces.integrations',
}

/** Aliases of settings in objects. */
export const ALSO: Readonly<Record<string, SettingPath>> = {
  'traces.exporter': 'traces.exporters',
  'traces.excludelistPaths': 'traces.ignorePaths',
  'traces.excludelistHostnames': 'traces.ignoreHosts',
  'traces.untrusted': 'traces.publicEndpoint',
  'traces.propagators': 'traces.propagator',
  'metrics.exporter': 'metrics.exporters',
  integrations: 'traces.integrations',
  runtimeMetrics: 'metrics.runtime',
}

/**
 * Reads an object: our own shape (`{ traces: { sampler } }`), that of OpenCensus (`{ OPENCENSUS: { TRACE: { SAMPLER } } }`), or both. Our
 * own names take precedence. `where` is the prefix of paths in reported problems.
 */
export function readObject(source: Readonly<Record<string, unknown>>, where: string, report: Report): Layer {
  const layer: Layer = {}
  const placeOf = (path: string): Place => new Place(`${where}${path}`, report)
  const set = (path: string, value: unknown): void => putByName(layer, path, value, placeOf(path))
  if (Object.hasOwn(source, 'OPENCENSUS')) readOpenCensus(layer, source['OPENCENSUS'], placeOf('OPENCENSUS'))
  for (const [key, value] of Object.entries(source)) {
    if (key === 'OPENCENSUS' || key === '$schema' || readShort(layer, key, value, set)) continue
    if (!isSection(key)) set(key, value)
    else if (isObject(value)) for (const [name, setting] of Object.entries(value)) set(`${key}.${name}`, setting)
    else if (value != null) placeOf(key).problem(`must be an object: it is ${inspectValue(value)}`)
  }
  if (source['prometheus'] && typeof source['prometheus'] === 'object') layer.prometheus ??= true
  return layer
}

function putByName(layer: Layer, name: string, value: unknown, place: Place): void {
  if (value == null) return
  const setting = Object.hasOwn(ALSO, name) ? ALSO[name] : settingOf(name)
  if (setting !== undefined) put(layer, setting, value, place)
  else place.problem('there is no such setting', settingHint(name))
}

/** Short forms of whole sections: `traces: false`, `metrics: false`, `prometheus: true`, `prometheus: 9464`. Returns true for one of them. */
function readShort(layer: Layer, key: string, value: unknown, set: (path: string, value: unknown) => void): boolean {
  if (key === 'traces' && value === false) {
    layer['traces.sampler'] = { component: 'alwaysOff', options: {} }
    layer['traces.exporters'] = []
    layer['traces.views'] = false
  } else if (key === 'metrics' && value === false) {
    layer['metrics.exporters'] = []
    layer['metrics.runtime'] = false
  } else if (key === 'prometheus' && typeof value === 'boolean') {
    set('prometheus', value)
  } else if (key === 'prometheus' && typeof value === 'number') {
    set('prometheus.port', value)
    layer.prometheus ??= true
  } else return false
  return true
}

function readOpenCensus(layer: Layer, value: unknown, place: Place): void {
  const trace = (value as { TRACE?: unknown } | null)?.TRACE
  const traces = place.part('.TRACE')
  if (typeof trace !== 'object' || trace === null) return traces.problem(`must be an object: it is ${inspectValue(trace)}`)
  // The newer names are last, and take precedence.
  for (const [key, setting] of Object.entries(trace).sort(([one], [other]) => (one < other ? -1 : 1))) {
    const known = Object.hasOwn(OPENCENSUS, key) ? OPENCENSUS[key] : undefined
    if (known !== undefined) put(layer, known, setting, traces.part(`.${key}`))
    else traces.part(`.${key}`).problem('there is no such setting', `one of ${Object.keys(OPENCENSUS).join(', ')}`)
  }
}

/** Reads a value and sets it. If it is invalid, the setting does not change. */
export function put<P extends SettingPath>(layer: Layer, setting: P, value: unknown, place: Place): void {
  const read = readSetting(setting, value, place)
  if (read !== undefined) layer[setting] = read as Layer[P]
}
