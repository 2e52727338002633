import { getOrInsert } from '../base/get-or-insert.js'
import { checkMethods, checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import type { Exporter, Transport } from '../base/exporter.js'
import { processGlobal } from '../base/process-global.js'
import { ConsoleExporter } from '../exporters/console/console-exporter.js'
import { FanOutTransport } from '../exporters/transport/fan-out-transport.js'
import { SyncTransport } from '../exporters/transport/sync-transport.js'
import { checkTracerOptions } from './check-tracer-options.js'
import { type Stats, stats as sharedStats } from '../stats/stats.js'
import { ProbabilitySampler } from '../trace/sampling/probability-sampler.js'
import type { Propagator } from '../trace/propagation/propagator.js'
import { TraceContextPropagator } from '../trace/propagation/trace-context.js'
import type { Sampler } from '../trace/sampling/sampler.js'
import type { SpanData } from '../trace/data/span-data.js'
import { TracerCore, type TracerCoreOptions } from '../trace/tracer-core.js'

export interface TracerOptions extends Omit<TracerCoreOptions, 'sampler' | 'propagator' | 'transport' | 'stats'> {
  /** Decides which spans are kept and exported. Default: one in 10 000 traces, by trace id. */
  readonly sampler?: Sampler | undefined
  /** Exporter of sampled spans; `'none'` to only measure and propagate spans. Default: the console, one JSON document per span. */
  readonly exporter?: TraceExporter | 'none' | undefined
  /**
   * Creates the transport, which decides when spans are exported. Default: the exporter's own `transport`, else `SyncTransport`, which
   * exports each span when it ends.
   */
  readonly transport?: ((exporter: Exporter<SpanData>) => Transport<SpanData>) | undefined
  /** Reads and writes contexts in headers. Default: W3C Trace Context. */
  readonly propagator?: Propagator | undefined
  /** Stats that record latencies. Default: the shared `stats`. */
  readonly stats?: Stats | undefined
}

const OPTIONS: OptionNames<TracerOptions> = optionNames(
  'sampler exporter transport propagator stats spanContext limits defaultAttributes untrusted baggage summary randomTraceIdFlag clock random',
)

/** An exporter of spans, which may have its own transport. */
export interface TraceExporter extends Exporter<SpanData> {
  readonly transport?: Transport<SpanData> | undefined
}

/**
 * Creates spans and propagates their context between processes. The constructor starts no timers and installs no hooks. The current
 * span is kept in the async context.
 *
 * @example
 * const tracer = new Tracer({ sampler: new AlwaysOnSampler() })
 * await tracer.span('checkout', async (span) => {
 *   span.addAttribute('cart', 3)
 *   await tracer.span('payment', async () => {})
 * })
 */
export class Tracer extends TracerCore {
  readonly exporter: TraceExporter
  declare readonly transport: Transport<SpanData>

  /** @throws {@link DefinitionError} `ERR_OPTION` for an unknown option, `ERR_TRACER_OPTION` for an invalid one, `ERR_EXPORTER`. */
  constructor(options: TracerOptions = {}) {
    checkOptions('Tracer', options, OPTIONS)
    checkTracerOptions(options)
    const { sampler = new ProbabilitySampler(), propagator = new TraceContextPropagator(), stats = sharedStats } = options
    const isMeasuredOnly = options.exporter === 'none'
    const exporter: TraceExporter = options.exporter === 'none' ? NO_EXPORTER : (options.exporter ?? new ConsoleExporter<SpanData>())
    const transport = isMeasuredOnly ? new FanOutTransport<SpanData>([]) : transportOf(exporter, options)
    super({ ...options, sampler, propagator, transport, stats })
    this.exporter = exporter
    if (!isMeasuredOnly) exposeTransport(exporter, transport)
  }
}

const TRANSPORT = ['send', 'flush', 'shutdown'] as const

function transportOf(exporter: TraceExporter, options: TracerOptions): Transport<SpanData> {
  const made = options.transport?.(exporter)
  if (made != null) checkMethods('ERR_TRACER_OPTION', 'transport of a tracer', made, TRANSPORT)
  return made ?? ownTransport(exporter) ?? new SyncTransport(exporter)
}

function ownTransport({ transport }: TraceExporter): Transport<SpanData> | undefined {
  return TRANSPORT.every((method) => typeof transport?.[method] === 'function') ? transport : undefined
}

/** Makes `exporter.transport.flush()` possible, as in OpenCensus. Does not replace a property of the exporter. */
function exposeTransport(exporter: TraceExporter, transport: Transport<SpanData>): void {
  if ('transport' in exporter || !Object.isExtensible(exporter)) return
  Object.defineProperty(exporter, 'transport', { value: transport, configurable: true, writable: true })
}

/** Drops all items. */
export const NO_EXPORTER: Exporter<SpanData> = Object.freeze({ export: () => {} })

const defaultTracers = processGlobal('default-tracers', () => new WeakMap<Stats, Tracer>())

/**
 * The tracer of integrations without the option `tracer`. There is one for each `stats`, so that a server and its outgoing requests are
 * one trace. It samples one trace in 10 000 and exports nothing.
 */
export function defaultTracer(stats: Stats = sharedStats): Tracer {
  return getOrInsert(defaultTracers, stats, () => new Tracer({ stats, exporter: 'none' }))
}
