import { givenOptions } from '../base/check-options.js'
import type { Exporter } from '../base/exporter.js'
import { type Logger, warnOnce } from '../base/logger.js'
import type { Environment, Resource, VariableProblem } from '../base/resource.js'
import { LazyExporter, LazyFamilyExporter } from '../exporters/lazy-exporter.js'
import { otlpOptionsFromEnvironment } from '../exporters/otlp/otlp-environment.js'
import type { OtlpMetricExporterOptions } from '../exporters/otlp/otlp-metric-exporter.js'
import type { OtlpOptions } from '../exporters/otlp/otlp-options.js'
import type { OtlpTraceExporterOptions } from '../exporters/otlp/otlp-trace-exporter.js'
import type { PrometheusTextPushExporterOptions } from '../exporters/prometheus/push/text-push-exporter.js'
import type { RemoteWriteExporterOptions } from '../exporters/prometheus/remote-write/remote-write-options.js'
import type { StatsdExporterOptions } from '../exporters/statsd/statsd-options.js'
import type { AsyncTransportOptions } from '../exporters/transport/async-transport-options.js'
import { batchOptionsFromEnvironment, type BatchReading } from '../exporters/transport/batch-environment.js'
import type { FamilyExporter } from '../metrics/data/family-exporter.js'
import type { SpanData } from '../trace/data/span-data.js'
import type { ComponentSpec } from './configuration/component-parser.js'

/** Values for exporters that are not options of their component. */
export interface ExporterContext {
  readonly env: Environment
  readonly resource: Resource
  readonly logger?: Logger | undefined
  /** Options of asynchronous transports from variables. */
  readonly batches: BatchReading['options']
}

/** Reads options of asynchronous transports from variables. Invalid values are logged. */
export function readBatches(env: Environment): BatchReading['options'] {
  return withoutProblems(batchOptionsFromEnvironment(env))
}

/** Builds a metric exporter that sends over the network and loads its code lazily. Returns undefined for other components. */
export function buildPushExporter({ component, options }: ComponentSpec, context: ExporterContext): FamilyExporter | undefined {
  const given = options as unknown
  switch (component) {
    case 'otlp': {
      const read = otlpOptions<OtlpMetricExporterOptions>('metrics', given as OtlpMetricExporterOptions, context)
      return new LazyFamilyExporter(component, async () => {
        const { OtlpMetricExporter } = await import('../exporters/otlp/otlp-metric-exporter.js')
        return new OtlpMetricExporter(read)
      })
    }
    case 'statsd':
      return new LazyFamilyExporter(component, async () => {
        const { StatsdExporter } = await import('../exporters/statsd/statsd-exporter.js')
        return new StatsdExporter({ tagStyle: 'none', ...(given as StatsdExporterOptions) })
      })
    case 'dogstatsd':
      return new LazyFamilyExporter(component, () => loadDogstatsd(given as StatsdExporterOptions, context))
    case 'remotewrite':
      return new LazyFamilyExporter(component, async () => {
        const { RemoteWriteExporter } = await import('../exporters/prometheus/remote-write/remote-write-exporter.js')
        return new RemoteWriteExporter(given as RemoteWriteExporterOptions)
      })
    case 'textpush':
      return new LazyFamilyExporter(component, async () => {
        const { PrometheusTextPushExporter } = await import('../exporters/prometheus/push/text-push-exporter.js')
        return new PrometheusTextPushExporter(given as PrometheusTextPushExporterOptions)
      })
    default:
      return undefined
  }
}

/** A transport waits this much longer than its exporter, since the exporter's errors contain whether a batch can be retried. */
const TRANSPORT_MARGIN_MS = 1_000
const DEFAULT_TIMEOUT_MS = 10_000

/** OpenTelemetry's defaults for batches of spans. */
const OTLP_BATCHES = { waitPeriodMs: 5_000, maxBatchSize: 512 }

/** Builds an OTLP span exporter and the options of its transport. An export is one request, so the shorter time limit applies to both. */
export function buildOtlpTraceExporter(
  options: object,
  context: ExporterContext,
): { readonly exporter: Exporter<SpanData>; readonly transport: AsyncTransportOptions } {
  const { batches } = context
  const read = otlpOptions<OtlpTraceExporterOptions>('traces', options, context)
  const timeoutMs = Math.min(read.timeoutMs ?? DEFAULT_TIMEOUT_MS, batches.exportTimeoutMs ?? Infinity)
  const exporter = new LazyExporter<SpanData>('otlp', async () => {
    const { OtlpTraceExporter } = await import('../exporters/otlp/otlp-trace-exporter.js')
    return new OtlpTraceExporter({ ...read, timeoutMs })
  })
  return { exporter, transport: { ...OTLP_BATCHES, ...batches, exportTimeoutMs: timeoutMs + TRANSPORT_MARGIN_MS } }
}

/** Adds options from variables. Given options take precedence: an address as a whole, headers one by one. */
function otlpOptions<T extends OtlpOptions>(signal: 'metrics' | 'traces', given: T, { env, resource, logger }: ExporterContext): T {
  const { url, endpoint, headers, ...others } = withoutProblems(otlpOptionsFromEnvironment(env, signal))
  const hasAddress = given.url !== undefined || given.endpoint !== undefined
  const address = hasAddress ? {} : givenOptions({ url, endpoint })
  const all = mergeHeaders(headers, given.headers as Readonly<Record<string, string>> | undefined)
  return { resource, ...givenOptions({ logger }), ...address, ...others, ...given, ...givenOptions({ headers: all }) }
}

/** Merges headers, whose names are case-insensitive. */
function mergeHeaders(read: OtlpOptions['headers'], given: Readonly<Record<string, string>> | undefined): OtlpOptions['headers'] {
  if (given === undefined) return read
  return { ...read, ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value])) }
}

const ADDRESS: ReadonlySet<string> = new Set(['host', 'port', 'path', 'protocol'])

/** Adds options from Datadog's variables. A given address takes precedence as a whole. */
async function loadDogstatsd(options: StatsdExporterOptions, { env }: ExporterContext): Promise<FamilyExporter> {
  const { StatsdExporter } = await import('../exporters/statsd/statsd-exporter.js')
  const { dogstatsdOptionsFromEnvironment } = await import('../exporters/statsd/dogstatsd-environment.js')
  const read = withoutProblems(dogstatsdOptionsFromEnvironment(env))
  const hasAddress = Object.keys(options).some((name) => ADDRESS.has(name))
  const used = Object.entries(read).filter(([name]) => !hasAddress || !ADDRESS.has(name))
  return new StatsdExporter({ ...Object.fromEntries(used), ...options, tags: { ...read.tags, ...options.tags } })
}

/** The options of a reading. Its problems are logged. */
function withoutProblems<T>({ options, problems }: { readonly options: T; readonly problems: readonly VariableProblem[] }): T {
  for (const { variable, problem } of problems) warnOnce('TALLYSCOPE_CONFIGURATION', variable, `${variable} is ignored: ${problem}`)
  return options
}
