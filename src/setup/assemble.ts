import { givenOptions } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import type { Exporter, Transport } from '../base/exporter.js'
import { buildMetricExporter, buildPropagator, buildSampler, buildTraceExporter, buildTransport } from './component-factory.js'
import type { Configuration } from './configuration/configuration.js'
import type { ConfigurationProblem } from './configuration/problem.js'
import type { Settings } from './configuration/settings.js'
import { FanOutTransport } from '../exporters/transport/fan-out-transport.js'
import { SyncTransport } from '../exporters/transport/sync-transport.js'
import type { Metric } from '../metrics/data/metric.js'
import { Relabelling } from '../metrics/data/relabel.js'
import type { TallyscopeOptions } from './tallyscope-options.js'
import type { SpanData } from '../trace/data/span-data.js'
import { type ExporterContext, readBatches } from './push-exporters.js'
import { NO_EXPORTER, Tracer, type TracerOptions } from './tracer.js'

/** The components of a configuration. */
export interface AssembledComponents {
  readonly tracer: Tracer
  readonly metricExporters: readonly Exporter<Metric>[]
}

/** Replaces the settings of a configuration with `enabled: false`. */
const DISABLED: Partial<Settings> = {
  'traces.sampler': { component: 'alwaysOff', options: {} },
  'traces.exporters': [],
  'metrics.exporters': [],
}

/** Builds a component of the setting at `path`. If its definition is wrong, adds this to the problems and returns undefined. */
type Attempt = <T>(path: string, build: () => T) => T | undefined

/** Builds all components and the tracer. If there is a problem, it returns undefined, and shuts down what it has built. */
export function assemble(
  options: TallyscopeOptions,
  configuration: Configuration,
  problems: ConfigurationProblem[],
): AssembledComponents | undefined {
  const { logger, env = process.env } = options
  const { resource } = configuration
  const settings = configuration.settings.enabled === false ? { ...configuration.settings, ...DISABLED } : configuration.settings
  const context = { env, resource, logger, batches: readBatches(env) }
  const attempt: Attempt = (path, build) => {
    try {
      return build()
    } catch (error) {
      if (!DefinitionError.is(error)) throw error
      problems.push({ path, problem: error.message })
      return undefined
    }
  }
  const { 'traces.sampler': samplerPart, 'traces.propagator': propagatorParts, 'traces.transport': transportPart } = settings
  const sampler = samplerPart && attempt('traces.sampler', () => buildSampler(samplerPart))
  const propagator = propagatorParts && attempt('traces.propagator', () => buildPropagator(propagatorParts))
  const transport = transportPart && attempt('traces.transport', () => buildTransport(transportPart, context.batches))
  const traces = buildTraces(settings, attempt, context)
  const { constantLabels, renameLabels } = settings
  attempt('constantLabels', () => new Relabelling({ constantLabels }))
  attempt('renameLabels', () => new Relabelling({ renameLabels }))
  const metricExporters = (settings['metrics.exporters'] ?? []).flatMap(
    (component) => attempt('metrics.exporters', () => buildMetricExporter(component, context)) ?? [],
  )
  const buildTracer = (): Tracer =>
    new Tracer({
      ...options.tracer,
      ...givenOptions({ clock: options.clock, untrusted: settings['traces.publicEndpoint'] }),
      sampler,
      propagator,
      stats: options.stats,
      ...(traces === undefined ? { transport: transport ?? ((exporter) => new SyncTransport(exporter)) } : exportTo(traces)),
    })
  const tracer = problems.length > 0 ? undefined : attempt('tracer', buildTracer)
  if (tracer !== undefined) return { tracer, metricExporters }
  // Components that were built may have open files.
  for (const exporter of [...(traces ?? []).map(({ exporter }) => exporter), ...metricExporters]) void shutDownQuietly(exporter)
  return undefined
}

interface BuiltTraces {
  readonly exporter: Exporter<SpanData>
  /** Undefined if it could not be built, which is a problem. */
  readonly transport: Transport<SpanData> | undefined
}

/** Builds each exporter of traces with its transport. Returns undefined if no setting names exporters. */
function buildTraces(settings: Partial<Settings>, attempt: Attempt, context: ExporterContext): readonly BuiltTraces[] | undefined {
  const { 'traces.exporters': exporters, 'traces.transport': transportPart } = settings
  const built = exporters?.flatMap(
    (component) => attempt('traces.exporters', () => buildTraceExporter(component, transportPart, context)) ?? [],
  )
  return built?.map(({ exporter, transport }) => ({ exporter, transport: attempt('traces.transport', () => transport(exporter)) }))
}

function exportTo(traces: readonly BuiltTraces[]): Pick<TracerOptions, 'exporter' | 'transport'> {
  const transports = traces.map(({ transport }) => transport!)
  return {
    exporter: traces[0]?.exporter ?? NO_EXPORTER,
    transport: () => (transports.length === 1 ? transports[0]! : new FanOutTransport(transports)),
  }
}

async function shutDownQuietly(exporter: { shutdown?(): unknown }): Promise<void> {
  try {
    await exporter.shutdown?.()
  } catch {
    // the problems of the configuration are reported instead
  }
}
