import type { Environment, VariableProblem } from '../../base/resource.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { parseWholeNumber } from '../parse-whole-number.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { parseDestination } from '../sending/destination.js'
import { type HeaderValues, headersFault } from '../sending/request-headers.js'
import type { OtlpMetricExporterOptions } from './otlp-metric-exporter.js'

/** Options from environment variables, and the variables with problems. */
export interface OtlpReading {
  readonly options: Pick<
    OtlpMetricExporterOptions,
    'endpoint' | 'url' | 'timeoutMs' | 'protocol' | 'compression' | 'ca' | 'cert' | 'key' | 'temporality' | 'histograms'
  > & { readonly headers?: HeaderValues }
  readonly problems: readonly VariableProblem[]
}

type Report = (variable: string, problem: string) => undefined
/** Parses the value of a variable. Reports an invalid one and returns undefined. */
type Parse<T> = (text: string, variable: string, report: Report) => T | undefined

/**
 * Reads the options of an OTLP exporter from the environment variables of OpenTelemetry: `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_HEADERS`,
 * `…_TIMEOUT`, `…_PROTOCOL`, `…_COMPRESSION`, `…_CERTIFICATE`, `…_CLIENT_KEY` and `…_CLIENT_CERTIFICATE`; for metrics also
 * `…_METRICS_TEMPORALITY_PREFERENCE` and `…_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`.
 *
 * A variable of one signal, such as `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, takes precedence; headers of both are merged. The endpoint of
 * one signal is used unchanged; `/v1/metrics` or `/v1/traces` is appended to the common one. Empty variables are ignored. Invalid ones are
 * reported in `problems` and have no effect.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 * @example
 * const exporter = new OtlpMetricExporter({ ...otlpOptionsFromEnvironment(process.env, 'metrics').options, temporality: 'delta' })
 */
export function otlpOptionsFromEnvironment(env: Environment, signal: 'metrics' | 'traces'): OtlpReading {
  const problems: VariableProblem[] = []
  const report: Report = (variable, problem) => void problems.push({ variable, problem })
  const readOne = <T>(variable: string, parse: Parse<T>): T | undefined => {
    const text = env[variable]?.trim()
    return text === undefined || text === '' ? undefined : parse(text, variable, report)
  }
  const ofSignal = (name: string): string => `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`
  const ofAll = (name: string): string => `OTEL_EXPORTER_OTLP_${name}`
  const read = <T>(name: string, parse: Parse<T>): T | undefined => readOne(ofSignal(name), parse) ?? readOne(ofAll(name), parse)

  const url = readOne(ofSignal('ENDPOINT'), parseUrl)
  const headers = { ...readOne(ofAll('HEADERS'), parseHeaders), ...readOne(ofSignal('HEADERS'), parseHeaders) }
  const key = read('CLIENT_KEY', asIs)
  const cert = read('CLIENT_CERTIFICATE', asIs)
  if (key !== undefined && cert === undefined)
    report(ofAll('CLIENT_KEY'), 'a key must come with a certificate: there is no CLIENT_CERTIFICATE')
  const options = {
    url,
    endpoint: url === undefined ? readOne(ofAll('ENDPOINT'), parseUrl) : undefined,
    headers: Object.keys(headers).length === 0 ? undefined : headers,
    timeoutMs: read('TIMEOUT', parseMilliseconds),
    protocol: read('PROTOCOL', parseProtocol),
    compression: read('COMPRESSION', oneOf({ gzip: 'gzip', none: 'none' } as const)),
    ca: read('CERTIFICATE', asIs),
    cert,
    key: cert === undefined ? undefined : key,
    ...(signal === 'metrics' && {
      temporality: readOne(ofSignal('TEMPORALITY_PREFERENCE'), oneOf(TEMPORALITIES)),
      histograms: readOne(ofSignal('DEFAULT_HISTOGRAM_AGGREGATION'), oneOf(AGGREGATIONS)),
    }),
  }
  const set = Object.entries(options).filter(([, value]) => value !== undefined)
  return { options: Object.fromEntries(set) as OtlpReading['options'], problems }
}

const TEMPORALITIES = { cumulative: 'cumulative', delta: 'delta', lowmemory: 'lowMemory' } as const
const AGGREGATIONS = { explicit_bucket_histogram: 'explicit', base2_exponential_bucket_histogram: 'exponential' } as const
const PROTOCOLS = { 'http/protobuf': 'http/protobuf', 'http/json': 'http/json' } as const
/** The default port of OTLP over gRPC. A receiver closes HTTP connections to it. */
const GRPC_PORT = '4317'

/** The path of a file, or PEM. */
const asIs: Parse<string> = (text) => text

function oneOf<T>(values: Readonly<Record<string, T>>): Parse<T> {
  return (text, variable, report) => {
    const name = text.toLowerCase()
    if (Object.hasOwn(values, name)) return values[name]
    return report(variable, `it must be one of ${Object.keys(values).join(', ')}: it is ${inspectValue(text)}`)
  }
}

const parseProtocol: Parse<'http/protobuf' | 'http/json'> = (text, variable, report) =>
  text.toLowerCase() === 'grpc'
    ? report(variable, 'gRPC is not supported: use http/protobuf, which is usually served on port 4318')
    : oneOf(PROTOCOLS)(text, variable, report)

const parseUrl: Parse<string> = (text, variable, report) => {
  const destination = parseDestination(text)
  // The value is not shown: it may contain a password.
  if (destination === undefined) return report(variable, 'it must be an absolute http:// or https:// URL')
  if (destination.url.port === GRPC_PORT) report(variable, 'port 4317 is usually for gRPC: OTLP over HTTP uses 4318')
  return text
}

const parseMilliseconds: Parse<number> = (text, variable, report) =>
  parseWholeNumber(text, 1, MAX_TIMER_MS) ??
  report(variable, `it must be a number of milliseconds from 1 to ${MAX_TIMER_MS}: it is ${inspectValue(text)}`)

/**
 * Parses comma-separated pairs `key=value` with percent escapes. Invalid pairs are reported and left out. Values are not shown, since they
 * may be secret.
 */
const parseHeaders: Parse<HeaderValues> = (text, variable, report) => {
  const headers = new Map<string, string>()
  for (const [at, pair] of text.split(',').entries()) {
    if (pair.trim() === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(pair.slice(0, Math.max(equals, 0)))?.toLowerCase()
    const value = decoded(pair.slice(equals + 1))
    const fault =
      name === undefined || name === '' || value === undefined
        ? `headers must be key=value, with percent escapes of UTF-8: header ${at + 1} is not`
        : headersFault({ [name]: value })
    if (fault === undefined) headers.set(name!, value!)
    else report(variable, fault)
  }
  return Object.fromEntries(headers)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}
