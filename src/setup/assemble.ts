import { givenOptions } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import type { Exporter } from '../base/exporter.js'
import { buildMetricExporter, buildPropagator, buildSampler, buildTraceExporter, buildTransport } from './component-factory.js'
import type { Configuration } from './configuration/configuration.js'
import type { ConfigurationProblem } from './configuration/problem.js'
import { FanOutTransport } from '../exporters/transport/fan-out-transport.js'
import { SyncTransport } from '../exporters/transport/sync-transport.js'
import type { Metric } from '../metrics/data/metric.js'
import { Relabelling } from '../metrics/data/relabel.js'
import type { TallyscopeOptions } from './tallyscope-options.js'
import { AlwaysOffSampler } from '../trace/sampling/constant-samplers.js'
import { readBatches } from './push-exporters.js'
import { NO_EXPORTER, Tracer } from './tracer.js'

/** The components of a configuration. */
export interface AssembledComponents {
  readonly tracer: Tracer
  readonly metricExporters: readonly Exporter<Metric>[]
}

/** Builds all components and the tracer. If there is a problem, it returns undefined, and shuts down what it has built. */
export function assemble(
  options: TallyscopeOptions,
  { settings, resource }: Configuration,
  problems: ConfigurationProblem[],
): AssembledComponents | undefined {
  const { logger, env = process.env } = options
  const context = { env, resource, logger, batches: readBatches(env) }
  const attempt = <T>(path: string, build: () => T): T | undefined => {
    try {
      return build()
    } catch (error) {
      if (!DefinitionError.is(error)) throw error
      problems.push({ path, problem: error.message })
      return undefined
    }
  }
  const enabled = settings.enabled !== false
  const { 'traces.sampler': samplerPart, 'traces.propagator': propagatorParts, 'traces.transport': transportPart } = settings
  const sampler = enabled ? samplerPart && attempt('traces.sampler', () => buildSampler(samplerPart)) : new AlwaysOffSampler()
  const propagator = propagatorParts && attempt('traces.propagator', () => buildPropagator(propagatorParts))
  const usual = transportPart && attempt('traces.transport', () => buildTransport(transportPart, context.batches))
  const exporters = enabled ? settings['traces.exporters'] : []
  const traces = exporters?.flatMap(
    (component) => attempt('traces.exporters', () => buildTraceExporter(component, transportPart, context)) ?? [],
  )
  const transports = traces?.map(({ exporter, transport }) => attempt('traces.transport', () => transport(exporter)))
  const { constantLabels, renameLabels } = settings
  attempt('constantLabels', () => new Relabelling({ constantLabels }))
  attempt('renameLabels', () => new Relabelling({ renameLabels }))
  const metrics = enabled ? (settings['metrics.exporters'] ?? []) : []
  const metricExporters = metrics.flatMap((component) => attempt('metrics.exporters', () => buildMetricExporter(component, context)) ?? [])
  if (problems.length > 0) {
    // Components that were built may have open files.
    for (const exporter of [...(traces ?? []).map(({ exporter }) => exporter), ...metricExporters]) void shutDownQuietly(exporter)
    return undefined
  }
  const tracer = new Tracer({
    ...options.tracer,
    ...givenOptions({ clock: options.clock, untrusted: settings['traces.publicEndpoint'] }),
    sampler,
    propagator,
    stats: options.stats,
    ...(traces === undefined
      ? { transport: usual ?? ((exporter) => new SyncTransport(exporter)) }
      : {
          exporter: traces[0]?.exporter ?? NO_EXPORTER,
          transport: () => (transports!.length === 1 ? transports![0]! : new FanOutTransport(transports!.map((transport) => transport!))),
        }),
  })
  return { tracer, metricExporters }
}

async function shutDownQuietly(exporter: { shutdown?(): unknown }): Promise<void> {
  try {
    await exporter.shutdown?.()
  } catch {
    // the problems of the configuration are reported instead
  }
}
