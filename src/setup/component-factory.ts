import { givenOptions } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import type { Exporter, Transport } from '../base/exporter.js'
import type { GivenComponent, Component, ComponentSpec } from './configuration/component-parser.js'
import { AsyncTransport } from '../exporters/transport/async-transport.js'
import type { AsyncTransportOptions } from '../exporters/transport/async-transport-options.js'
import { ConsoleExporter } from '../exporters/console/console-exporter.js'
import { FileExporter, type FileExporterOptions } from '../exporters/file/file-exporter.js'
import { HlogExporter } from '../exporters/file/hlog-exporter.js'
import { LoggingExporter } from '../exporters/console/logging-exporter.js'
import { MemoryExporter } from '../exporters/memory-exporter.js'
import { PushGatewayExporter, type PushGatewayExporterOptions } from '../exporters/prometheus/push/push-gateway-exporter.js'
import { TextfileExporter, type TextfileExporterOptions } from '../exporters/prometheus/push/textfile-exporter.js'
import { SyncTransport } from '../exporters/transport/sync-transport.js'
import type { Metric } from '../metrics/data/metric.js'
import { AlwaysOffSampler, AlwaysOnSampler } from '../trace/sampling/constant-samplers.js'
import { ParentBasedSampler } from '../trace/sampling/parent-based-sampler.js'
import { ProbabilitySampler } from '../trace/sampling/probability-sampler.js'
import { B3MultiPropagator } from '../trace/propagation/b3-multi.js'
import { B3SinglePropagator } from '../trace/propagation/b3-single.js'
import { B3Propagator } from '../trace/propagation/b3.js'
import { JaegerPropagator } from '../trace/propagation/jaeger.js'
import { BinaryPropagator } from '../trace/propagation/binary.js'
import { CompositePropagator } from '../trace/propagation/composite.js'
import { GoogleCloudPropagator } from '../trace/propagation/google-cloud.js'
import type { Propagator } from '../trace/propagation/propagator.js'
import { TextMapPropagator } from '../trace/propagation/opencensus-text.js'
import { TraceContextPropagator } from '../trace/propagation/trace-context.js'
import { RateLimitingSampler } from '../trace/sampling/rate-limiting-sampler.js'
import type { Sampler } from '../trace/sampling/sampler.js'
import type { SpanData } from '../trace/data/span-data.js'
import { buildOtlpTraceExporter, buildPushExporter, type ExporterContext } from './push-exporters.js'

export type TransportFactory = (exporter: Exporter<SpanData>) => Transport<SpanData>

// Each function builds one kind of component. The configuration has checked names and types of options, and the component checks their
// ranges. A component from code is used unchanged.

export function buildSampler(component: Component): Sampler {
  if ('given' in component) return component.given as Sampler
  const { rate, perSecond, burst, root } = component.options
  switch (component.component) {
    case 'alwaysOn':
      return new AlwaysOnSampler()
    case 'alwaysOff':
      return new AlwaysOffSampler()
    case 'probability':
      return new ProbabilitySampler(rate as number | undefined)
    case 'rateLimiting':
      return new RateLimitingSampler(givenOptions({ perSecond, burst }) as object)
    case 'parentBased':
      return new ParentBasedSampler({ root: buildSampler(root as ComponentSpec) })
    default:
      throw unknown(component)
  }
}

export function buildPropagator(components: readonly Component[]): Propagator {
  const propagators = components.map(propagatorOf)
  return propagators.length === 1 ? propagators[0]! : new CompositePropagator(propagators)
}

const PROPAGATORS: Readonly<Record<string, new () => Propagator>> = {
  traceContext: TraceContextPropagator,
  b3: B3Propagator,
  b3single: B3SinglePropagator,
  b3multi: B3MultiPropagator,
  jaeger: JaegerPropagator,
  googleCloud: GoogleCloudPropagator,
  binary: BinaryPropagator,
  textMap: TextMapPropagator,
}

function propagatorOf(component: Component): Propagator {
  if ('given' in component) return component.given as Propagator
  const Known = PROPAGATORS[component.component]
  if (Known === undefined) throw unknown(component)
  return new Known()
}

/** @param defaults Defaults of options of an asynchronous transport. */
export function buildTransport(component: Component, defaults: AsyncTransportOptions = {}): TransportFactory {
  if ('given' in component) return component.given as TransportFactory
  const options = component.options
  switch (component.component) {
    case 'sync':
      return (exporter) => new SyncTransport(exporter)
    case 'async':
      return (exporter) => new AsyncTransport(exporter, { ...defaults, ...(options as object) })
    default:
      throw unknown(component)
  }
}

const ASYNC: Component = { component: 'async', options: {} }

/**
 * Builds a span exporter and its transport: its own, or the common transport, or the default: asynchronous for OTLP, which would
 * otherwise send a request for each span, and synchronous for others.
 */
export function buildTraceExporter(
  component: Component,
  common: Component | undefined,
  context: ExporterContext,
): { exporter: Exporter<SpanData>; transport: TransportFactory } {
  const { transport: own, ...options } = 'given' in component ? {} : component.options
  const named = (own as ComponentSpec | undefined) ?? common
  if (!('given' in component) && component.component === 'otlp') {
    const { exporter, transport } = buildOtlpTraceExporter(options, context)
    return { exporter, transport: buildTransport(named ?? ASYNC, transport) }
  }
  const exporter =
    'given' in component
      ? (component.given as Exporter<SpanData>)
      : generalExporter<SpanData>({ component: component.component, options }, context)
  return { exporter, transport: buildTransport(named ?? { component: 'sync', options: {} }, context.batches) }
}

export function buildMetricExporter(component: Component, context: ExporterContext): Exporter<Metric> {
  if ('given' in component) return component.given as Exporter<Metric>
  const options = component.options as unknown
  switch (component.component) {
    case 'hlog':
      return new HlogExporter(options as { path: string })
    case 'textfile':
      return new TextfileExporter(options as TextfileExporterOptions)
    case 'pushgateway':
      return new PushGatewayExporter(options as PushGatewayExporterOptions)
    default:
      return buildPushExporter(component, context) ?? generalExporter<Metric>(component, context)
  }
}

function generalExporter<T>(component: Exclude<Component, GivenComponent>, { logger }: ExporterContext): Exporter<T> {
  const options = component.options as unknown
  switch (component.component) {
    case 'console':
      return new ConsoleExporter<T>(options as object)
    case 'file':
      return new FileExporter<T>(options as FileExporterOptions)
    case 'logging':
      return new LoggingExporter<T>({ ...(options as object), ...givenOptions({ logger }) })
    case 'memory':
      return new MemoryExporter<T>(options as object)
    default:
      throw unknown(component)
  }
}

function unknown({ component }: ComponentSpec): Error {
  return new DefinitionError('ERR_CONFIGURATION', `BUG: the component ${component} is registered but cannot be built`)
}
