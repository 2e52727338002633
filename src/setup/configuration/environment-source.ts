import type { Environment } from '../../base/resource.js'
import { readNumber } from './component-parser.js'
import { ALSO, type Layer, put } from './object-source.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { nearest } from '../../base/strings/nearest-name.js'
import { Place, type Report } from './problem.js'
import { SETTING_PATHS, type SettingPath } from './settings.js'

/** Settings by variable: `TALLYSCOPE_METRICS_INTERVAL_MS` is `metrics.intervalMs`. */
const OWN: ReadonlyMap<string, SettingPath> = new Map(
  [...Object.entries(ALSO), ...SETTING_PATHS.filter((path) => path !== 'resource').map((path) => [path, path] as const)].map(
    ([name, path]) => [`TALLYSCOPE_${name.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase()}`, path],
  ),
)

/** The variable that names the configuration file. */
export const FILE_VARIABLE = 'TALLYSCOPE_CONFIG_FILE'

/** Settings that start the server of /metrics if their variable is set. */
const STARTS_SERVER: ReadonlySet<SettingPath> = new Set(['prometheus.port', 'prometheus.host', 'prometheus.path'])

/** Variables that must not be empty, because an endpoint that should be protected would be open. */
const NEVER_EMPTY: ReadonlySet<SettingPath> = new Set(['prometheus.bearerTokenFile'])

/** Variables that are read before the configuration. */
const OTHERS: ReadonlySet<string> = new Set([FILE_VARIABLE])

/** Names of exporters in OpenTelemetry's variables. */
const OTEL_EXPORTERS: ReadonlySet<string> = new Set(['console', 'logging', 'otlp', 'none'])
const OTEL_PROPAGATORS: Readonly<Record<string, string>> = {
  tracecontext: 'traceContext',
  b3: 'b3single',
  b3multi: 'b3multi',
  jaeger: 'jaeger',
}

/**
 * Reads the settings of the environment: our own variables, and the OpenTelemetry variables for those that are not set. Empty variables are
 * ignored, except that of the token file. Problems of our variables are reported. Problems of OpenTelemetry variables, which may be
 * intended for other programs, are passed to `warn`, and the variable is ignored.
 */
export function readEnvironment(env: Environment, report: Report, warn: Report): Layer {
  const layer: Layer = readOpenTelemetry(env, warn)
  for (const [variable, value] of Object.entries(env)) {
    const isOwn = variable.startsWith('TALLYSCOPE_') && !OTHERS.has(variable)
    if (isOwn && value !== undefined) readVariable(layer, value, new Place(variable, report))
  }
  const isSet = (variable: string): boolean => (env[variable] ?? '').trim() !== ''
  const serves = [...OWN].some(([variable, path]) => STARTS_SERVER.has(path) && isSet(variable))
  if (serves && !isSet('TALLYSCOPE_PROMETHEUS')) layer.prometheus = true
  return layer
}

function readVariable(layer: Layer, value: string, place: Place): void {
  const { path: variable } = place
  const setting = OWN.get(variable)
  if (value.trim() === '') {
    if (setting !== undefined && NEVER_EMPTY.has(setting)) place.problem('it is empty', 'name a file, or remove it')
    return
  }
  if (setting !== undefined) return put(layer, setting, value, place)
  const near = nearest(variable, [...OWN.keys(), ...OTHERS])
  place.problem('there is no such variable', near && `perhaps ${near}`)
}

/** Settings by OpenTelemetry variable, for those with the same values. Port and host do not start the server: other programs may use them. */
const OTEL_SETTINGS: Readonly<Record<string, SettingPath>> = {
  OTEL_METRIC_EXPORT_INTERVAL: 'metrics.intervalMs',
  OTEL_METRIC_EXPORT_TIMEOUT: 'metrics.exportTimeoutMs',
  OTEL_EXPORTER_PROMETHEUS_PORT: 'prometheus.port',
  OTEL_EXPORTER_PROMETHEUS_HOST: 'prometheus.host',
}

function readOpenTelemetry(env: Environment, warn: Report): Layer {
  const layer: Layer = {}
  const read = (variable: string): string | undefined => env[variable]?.trim() || undefined
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') layer.enabled = false
  const sampler = read('OTEL_TRACES_SAMPLER')
  if (sampler !== undefined) {
    const place = new Place('OTEL_TRACES_SAMPLER', warn)
    const text = otelSampler(sampler.toLowerCase(), () => otelRatio(read('OTEL_TRACES_SAMPLER_ARG'), warn))
    if (text !== undefined) put(layer, 'traces.sampler', text, place)
    else place.problem(`${inspectValue(sampler)} is not known here`)
  }
  readOtelExporters(layer, 'traces.exporters', namesIn(read('OTEL_TRACES_EXPORTER')), new Place('OTEL_TRACES_EXPORTER', warn))
  readOtelExporters(layer, 'metrics.exporters', namesIn(read('OTEL_METRICS_EXPORTER')), new Place('OTEL_METRICS_EXPORTER', warn))
  readOtelPropagators(layer, namesIn(read('OTEL_PROPAGATORS')), new Place('OTEL_PROPAGATORS', warn))
  for (const [variable, setting] of Object.entries(OTEL_SETTINGS)) {
    const value = read(variable)
    if (value !== undefined) put(layer, setting, value, new Place(variable, warn))
  }
  return layer
}

function namesIn(list: string | undefined): readonly string[] {
  return list?.split(',').map((name) => name.trim().toLowerCase()) ?? []
}

/** @param ratio Returns the argument of the sampler. Called only if it has one. */
function otelSampler(name: string, ratio: () => number): string | undefined {
  const based = name.startsWith('parentbased_')
  const bare = based ? name.slice('parentbased_'.length) : name
  const root = new Map([
    ['always_on', () => 'alwaysOn'],
    ['always_off', () => 'alwaysOff'],
    ['traceidratio', () => `probability(${ratio()})`],
  ]).get(bare)?.()
  return root !== undefined && based ? `parentBased(${root})` : root
}

/** The share of traces, by default and for an invalid one all of them, as OpenTelemetry defines it. */
function otelRatio(text: string | undefined, warn: Report): number {
  if (text === undefined) return 1
  const ratio = readNumber(text)
  if (ratio !== undefined && ratio >= 0 && ratio <= 1) return ratio
  new Place('OTEL_TRACES_SAMPLER_ARG', warn).problem(`must be a number from 0 to 1: it is ${inspectValue(text)}`, '1 is used')
  return 1
}

function readOtelExporters(layer: Layer, setting: 'traces.exporters' | 'metrics.exporters', names: readonly string[], place: Place): void {
  if (names.length === 0) return
  const isForMetrics = setting === 'metrics.exporters'
  if (isForMetrics && names.every((name) => name === 'none')) layer.prometheus = false
  const known = names.filter((name) => {
    if (OTEL_EXPORTERS.has(name)) return true
    if (name === 'prometheus' && isForMetrics) layer.prometheus = true
    else place.problem(`there is no exporter ${inspectValue(name)}`, 'otlp or console, or pass one in code')
    return false
  })
  const exporters = known.filter((name) => name !== 'none')
  if (known.length > 0) put(layer, setting, exporters, place)
}

function readOtelPropagators(layer: Layer, names: readonly string[], place: Place): void {
  const isOther = (name: string): boolean => name === 'baggage' || name === 'none'
  const known = names.flatMap((name) => {
    if (isOther(name)) return []
    const found = Object.hasOwn(OTEL_PROPAGATORS, name) ? OTEL_PROPAGATORS[name] : undefined
    return found ?? place.problem(`there is no propagator ${inspectValue(name)}`) ?? []
  })
  if (known.length > 0 || names.some(isOther)) put(layer, 'traces.propagator', known, place)
}
