import { checkBooleans, checkOneOf, checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import { RisingTime } from '../../metrics/collection/rising-time.js'
import type { Resource } from '../../base/resource.js'
import type { FamilyExportContext, FamilyExporter } from '../../metrics/data/family-exporter.js'
import type { Metric } from '../../metrics/data/metric.js'
import type { Family } from '../../metrics/data/row-source.js'
import type { PartSending } from '../sending/part-sending.js'
import type { RetryLimits } from '../sending/send-until.js'
import { DeltaBaselines } from './delta-baselines.js'
import { MetricPart } from './metric-part.js'
import { metricParts } from './metric-parts.js'
import { PointCache } from './point-cache.js'
import { OPTION_CODE, wholeNumber } from '../exporter-options.js'
import { checkOtlp, MAX_REQUEST_BYTES, OTLP_OPTIONS, type OtlpOptions, type OtlpSettings } from './otlp-options.js'
import { OtlpSender } from './otlp-sender.js'
import { processResource } from './process-resource.js'

/** `lowMemory` is the same as `delta`: both use the same amount of memory for every instrument. */
export type OtlpTemporality = 'cumulative' | 'delta' | 'lowMemory'

export interface OtlpMetricExporterOptions extends OtlpOptions {
  /**
   * `cumulative`: counters and distributions since their start. `delta`: since the last export that was delivered. Prometheus and most
   * receivers need `cumulative`. Default `cumulative`.
   */
  readonly temporality?: OtlpTemporality
  /** Which buckets to send of distributions that have both explicit and exponential ones. Default `explicit`. */
  readonly histograms?: 'explicit' | 'exponential'
  /** True if exemplars are sent. Default true. */
  readonly exemplars?: boolean
  /** Maximum number of points in one request, 1 … 1 000 000. Default 10 000. */
  readonly maxPointsPerRequest?: number
}

const OPTIONS: OptionNames<OtlpMetricExporterOptions> = optionNames('temporality histograms exemplars maxPointsPerRequest', OTLP_OPTIONS)

/**
 * Sends metrics by OTLP over HTTP, to an OpenTelemetry collector or a backend.
 *
 * Metrics are encoded in slices of about 2 ms and sent in compressed parts of about 1 MiB, two at a time. A part that the receiver may
 * accept later is sent again unchanged until the time limit of the export. With `delta`, values that were not delivered are part of the
 * next export.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_URL`, `ERR_EXPORTER_OPTION` or `ERR_OPTION` if an option is not valid.
 * @see https://opentelemetry.io/docs/specs/otlp/
 * @example
 * exportPeriodically({ producers: [stats], exporter: new OtlpMetricExporter({ endpoint: 'http://localhost:4318' }) })
 */
export class OtlpMetricExporter implements FamilyExporter {
  readonly #options: OtlpMetricExporterOptions
  readonly #settings: OtlpSettings
  readonly #sender: OtlpSender
  readonly #resource: Resource
  readonly #maxPoints: number
  readonly #baselines: DeltaBaselines | undefined
  readonly #cache = new PointCache()
  readonly #times = new RisingTime('OtlpMetricExporter')
  /** The time of the last export that was delivered completely. Exemplars up to it have been sent. */
  #deliveredUnixMs = Number.NEGATIVE_INFINITY

  constructor(options: OtlpMetricExporterOptions = {}) {
    checkOptions('OtlpMetricExporter', options, OPTIONS)
    const { temporality = 'cumulative', histograms = 'explicit', exemplars } = options
    checkOneOf(OPTION_CODE, 'histograms', histograms, ['explicit', 'exponential'])
    checkOneOf(OPTION_CODE, 'temporality', temporality, ['cumulative', 'delta', 'lowMemory'])
    checkBooleans(OPTION_CODE, { exemplars })
    this.#baselines = temporality === 'cumulative' ? undefined : new DeltaBaselines()
    this.#maxPoints = wholeNumber('maxPointsPerRequest', options.maxPointsPerRequest, 10_000, 1, 1e6)
    this.#settings = checkOtlp(options, { path: 'v1/metrics', concurrency: 2, maxRequestBytes: 1 << 20 })
    this.#resource = processResource(options.resource)
    this.#options = options
    this.#sender = new OtlpSender('OtlpMetricExporter', 'points', this.#settings, options)
  }

  /**
   * Sends snapshots. Each part is tried once.
   * @throws {@link ExportError} (as a rejection) `ERR_OTLP_FAILED`, `retryable` if the receiver may accept them later;
   *   `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  export(metrics: readonly Metric[]): Promise<void> {
    const { clock, timeoutMs } = this.#settings.sender
    return this.#queue(metrics, clock.unixMs(), () => ({ endsMs: clock.monotonicMs() + timeoutMs, tries: 1 }))
  }

  /** Sends families, and retries until the time limit of the export. @throws as {@link export} */
  exportFamilies(families: readonly Family[], { timeUnixMs, timeoutMs, signal, isLast }: FamilyExportContext): Promise<void> {
    const endsMs = this.#settings.sender.clock.monotonicMs() + timeoutMs
    return this.#queue(families, timeUnixMs, () => ({ endsMs, signal, isLast }))
  }

  /** Waits for running exports, then closes the connections. */
  shutdown(): Promise<void> {
    return this.#sender.close()
  }

  /** One after another, so that points are sent in the order of time. */
  #queue(families: readonly Family[], timeUnixMs: number, limits: () => RetryLimits): Promise<void> {
    return this.#sender.queue.inOrder(() => this.#send(families, this.#times.next(timeUnixMs), limits()))
  }

  async #send(families: readonly Family[], timeUnixMs: number, limits: RetryLimits): Promise<void> {
    const sending = this.#sender.begin(limits)
    const outcome = await sending.outcome(this.#sendParts(families, timeUnixMs, sending))
    this.#baselines?.settle(outcome.undelivered === undefined && outcome.fault === undefined)
    const failure = this.#sender.failure(outcome, 0)
    if (failure !== undefined) throw failure
    this.#deliveredUnixMs = timeUnixMs
  }

  async #sendParts(families: readonly Family[], timeUnixMs: number, sending: PartSending): Promise<void> {
    const { histograms = 'explicit', exemplars = true } = this.#options
    const parts = metricParts(families, {
      timeUnixMs,
      resource: this.#resource,
      histograms,
      exemplarsAfterUnixMs: exemplars ? this.#deliveredUnixMs : Infinity,
      baselines: this.#baselines,
      cache: this.#cache,
      maxPoints: this.#maxPoints,
      counts: this.#sender.counts,
      spares: this.#sender.spares,
      maxBytes: () => this.#sender.maxRequestBytes,
    })
    for await (const content of parts) {
      for (const part of this.#withoutOversized(new MetricPart(content, this.#sender))) {
        await sending.add(part)
        if (sending.isDown) return
      }
    }
  }

  /** Splits a part that is larger than the specification allows, and drops points that are. */
  *#withoutOversized(part: MetricPart): Generator<MetricPart> {
    if (part.bytes <= MAX_REQUEST_BYTES) yield part
    else if (part.items === 1) part.drop()
    else for (const half of part.halves()) yield* this.#withoutOversized(half)
  }
}
