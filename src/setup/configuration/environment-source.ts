import { ALSO, type Layer, put } from './object-source.js'
import type { Report } from './component-parser.js'
import { inspectValue } from '../../base/inspect-value.js'
import { nearest } from '../../base/nearest-name.js'
import { SETTING_PATHS, type SettingPath } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>

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
const OTEL_PROPAGATORS: Readonly<Record<string, string>> = { tracecontext: 'traceContext', b3: 'b3single', b3multi: 'b3multi' }

/**
 * Reads the settings of the environment: our own variables, and the OpenTelemetry variables for those that are not set. Empty variables are
 * ignored, except that of the token file. Problems of our variables are reported. Problems of OpenTelemetry variables, which may be
 * intended for other programs, are passed to `warn`, and the variable is ignored.
 */
export function readEnvironment(env: Environment, report: Report, warn: Report): Layer {
  const layer: Layer = readOpenTelemetry(env, warn)
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('TALLYSCOPE_') || value === undefined || OTHERS.has(variable)) continue
    const setting = OWN.get(variable)
    if (value.trim() === '') {
      if (setting !== undefined && NEVER_EMPTY.has(setting))
        report({ path: variable, problem: 'it is empty', hint: 'name a file, or remove it' })
    } else if (setting !== undefined) put(layer, setting, value, variable, report)
    else {
      const near = nearest(variable, [...OWN.keys(), ...OTHERS])
      report({ path: variable, problem: 'there is no such variable', ...(near !== undefined && { hint: `perhaps ${near}` }) })
    }
  }
  const serves = [...OWN].some(([variable, path]) => STARTS_SERVER.has(path) && (env[variable] ?? '').trim() !== '')
  if (serves && (env['TALLYSCOPE_PROMETHEUS'] ?? '').trim() === '') layer.prometheus = true
  return layer
}

function readOpenTelemetry(env: Environment, warn: Report): Layer {
  const layer: Layer = {}
  const read = (variable: string): string | undefined => {
    const text = env[variable]?.trim()
    return text === '' ? undefined : text
  }
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') layer.enabled = false
  const sampler = read('OTEL_TRACES_SAMPLER')
  if (sampler !== undefined) {
    const text = otelSampler(sampler, read('OTEL_TRACES_SAMPLER_ARG') ?? '1')
    if (text !== undefined) put(layer, 'traces.sampler', text, 'OTEL_TRACES_SAMPLER', warn)
    else warn({ path: 'OTEL_TRACES_SAMPLER', problem: `${inspectValue(sampler)} is not known here` })
  }
  readOtelExporters(layer, 'traces.exporters', 'OTEL_TRACES_EXPORTER', read, warn)
  readOtelExporters(layer, 'metrics.exporters', 'OTEL_METRICS_EXPORTER', read, warn)
  const propagators = read('OTEL_PROPAGATORS')
    ?.split(',')
    .map((name) => name.trim().toLowerCase())
  if (propagators !== undefined) readOtelPropagators(layer, propagators, warn)
  const interval = read('OTEL_METRIC_EXPORT_INTERVAL')
  if (interval !== undefined) put(layer, 'metrics.intervalMs', interval, 'OTEL_METRIC_EXPORT_INTERVAL', warn)
  const timeout = read('OTEL_METRIC_EXPORT_TIMEOUT')
  if (timeout !== undefined) put(layer, 'metrics.exportTimeoutMs', timeout, 'OTEL_METRIC_EXPORT_TIMEOUT', warn)
  // Port and host do not start the server, because they may be set for other programs.
  const port = read('OTEL_EXPORTER_PROMETHEUS_PORT')
  if (port !== undefined) put(layer, 'prometheus.port', port, 'OTEL_EXPORTER_PROMETHEUS_PORT', warn)
  const host = read('OTEL_EXPORTER_PROMETHEUS_HOST')
  if (host !== undefined) put(layer, 'prometheus.host', host, 'OTEL_EXPORTER_PROMETHEUS_HOST', warn)
  return layer
}

function otelSampler(name: string, rate: string): string | undefined {
  const based = name.startsWith('parentbased_')
  const bare = based ? name.slice('parentbased_'.length) : name
  const root = new Map([
    ['always_on', 'alwaysOn'],
    ['always_off', 'alwaysOff'],
    ['traceidratio', `probability(${rate})`],
  ]).get(bare)
  return root !== undefined && based ? `parentBased(${root})` : root
}

function readOtelExporters(
  layer: Layer,
  setting: 'traces.exporters' | 'metrics.exporters',
  variable: string,
  read: (variable: string) => string | undefined,
  warn: Report,
): void {
  const names = read(variable)
    ?.split(',')
    .map((name) => name.trim().toLowerCase())
  if (names === undefined) return
  if (setting === 'metrics.exporters' && names.every((name) => name === 'none')) layer.prometheus = false
  const known = names.filter((name) => {
    if (OTEL_EXPORTERS.has(name)) return true
    if (name === 'prometheus' && setting === 'metrics.exporters') layer.prometheus = true
    else warn({ path: variable, problem: `there is no exporter ${inspectValue(name)}`, hint: 'otlp or console, or pass one in code' })
    return false
  })
  if (known.length > 0)
    put(
      layer,
      setting,
      known.filter((name) => name !== 'none'),
      variable,
      warn,
    )
}

function readOtelPropagators(layer: Layer, names: readonly string[], warn: Report): void {
  const known = names.flatMap((name) => {
    if (name === 'baggage' || name === 'none') return []
    const found = Object.hasOwn(OTEL_PROPAGATORS, name) ? OTEL_PROPAGATORS[name] : undefined
    if (found === undefined) warn({ path: 'OTEL_PROPAGATORS', problem: `there is no propagator ${inspectValue(name)}` })
    return found ?? []
  })
  if (known.length > 0 || names.includes('none')) put(layer, 'traces.propagator', known, 'OTEL_PROPAGATORS', warn)
}
