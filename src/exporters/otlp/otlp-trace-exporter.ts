import { checkOptions, isObject, type OptionNames } from '../../base/check-options.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import type { SpanData } from '../../trace/data/span-data.js'
import { ProtobufWriter } from '../protobuf-writer.js'
import type { PartSending } from '../sending/part-sending.js'
import { Envelope } from './envelope.js'
import { checkOtlp, MAX_REQUEST_BYTES, OTLP_OPTIONS, type OtlpOptions, type OtlpSettings } from './otlp-options.js'
import { OtlpSender } from './otlp-sender.js'
import { processResource } from './process-resource.js'
import { BatchProgress, SpanPart } from './span-part.js'
import { writeSpan } from './span-writer.js'

export interface OtlpTraceExporterOptions extends OtlpOptions {}

const OPTIONS: OptionNames<OtlpTraceExporterOptions> = OTLP_OPTIONS

const SPANS_A_STEP = 16

/**
 * Sends spans by OTLP over HTTP, to an OpenTelemetry collector, Jaeger, Tempo or another backend.
 *
 * Each batch is tried once. The transport retries a batch that the receiver may accept later, if its `exportTimeoutMs` is longer than the
 * `timeoutMs` of the exporter. There is no synchronous export at the end of a process: call `flush()` before.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_URL`, `ERR_EXPORTER_OPTION` or `ERR_OPTION` if an option is not valid.
 * @see https://opentelemetry.io/docs/specs/otlp/
 * @example
 * const exporter = new OtlpTraceExporter({ endpoint: 'http://localhost:4318' })
 * const tracer = new Tracer({ exporter, transport: (to) => new AsyncTransport(to, { exportTimeoutMs: 11_000 }) })
 */
export class OtlpTraceExporter implements Exporter<SpanData> {
  /** The transport of the tracer that uses this exporter: `exporter.transport?.flush()`. Undefined before. */
  declare readonly transport?: Transport<SpanData>
  readonly #settings: OtlpSettings
  readonly #sender: OtlpSender
  readonly #envelope: Envelope
  /** Spans that were settled although the batch is retried, beside others that were not. */
  readonly #settled = new WeakSet<SpanData>()

  constructor(options: OtlpTraceExporterOptions = {}) {
    checkOptions('OtlpTraceExporter', options, OPTIONS)
    this.#settings = checkOtlp(options, { path: 'v1/traces', concurrency: 1, maxRequestBytes: 4 << 20 })
    this.#envelope = new Envelope(processResource(options.resource))
    this.#sender = new OtlpSender('OtlpTraceExporter', 'spans', this.#settings, options)
  }

  /**
   * Sends spans once.
   * @throws {@link ExportError} (as a rejection) `ERR_OTLP_FAILED`, `retryable` if the receiver may accept the spans later, with the
   *   number of the first spans that are done in `delivered`; `ERR_EXPORTER_CLOSED` after `shutdown()`. Later spans that are done are not
   *   sent by the retry.
   */
  export(spans: readonly SpanData[]): Promise<void> {
    return this.#sender.queue.atOnce(() => this.#send(spans))
  }

  /** Waits for running exports, then closes the connections. */
  shutdown(): Promise<void> {
    return this.#sender.close()
  }

  async #send(spans: readonly SpanData[]): Promise<void> {
    const { clock, timeoutMs } = this.#settings.sender
    const sending = this.#sender.begin({ endsMs: clock.monotonicMs() + timeoutMs, tries: 1 })
    const before = spans.filter((span) => this.#settled.delete(span))
    const progress = new BatchProgress(before)
    const due = before.length === 0 ? spans : spans.filter((span) => !progress.settled.has(span))
    const outcome = await sending.outcome(this.#sendParts(due, sending, progress))
    const isRetried = outcome.undelivered !== undefined
    const failure = this.#sender.failure(outcome, isRetried ? this.#leftOut(spans, progress) : before.length + progress.accepted)
    if (failure !== undefined) throw failure
  }

  /** The number of first spans that a retry leaves out. Remembers the others that are settled. */
  #leftOut(spans: readonly SpanData[], { settled }: BatchProgress): number {
    const first = spans.findIndex((span) => !settled.has(span))
    if (first < 0) return spans.length
    for (const span of spans.slice(first)) if (isObject(span) && settled.has(span)) this.#settled.add(span)
    return first
  }

  async #sendParts(spans: readonly SpanData[], sending: PartSending, progress: BatchProgress): Promise<void> {
    const slicer = new TimeSlicer()
    const out = new ProtobufWriter(this.#sender.spares)
    let written: SpanData[] = []
    for (const [at, span] of spans.entries()) {
      if (this.#write(out, span)) written.push(span)
      else progress.settled.add(span)
      if (out.length >= this.#sender.maxRequestBytes || at === spans.length - 1) {
        if (written.length > 0) await sending.add(new SpanPart(out.take(), written, this.#envelope, this.#sender, progress))
        written = []
      }
      if (sending.isDown) return
      if (at % SPANS_A_STEP === 0 && slicer.isOver) await slicer.nextSlice()
    }
  }

  /** Writes a span. Returns false if it was dropped because it is malformed, or too large for any request. */
  #write(out: ProtobufWriter, span: SpanData): boolean {
    const before = out.length
    try {
      writeSpan(out, span)
      if (out.length - before <= MAX_REQUEST_BYTES) return true
      this.#sender.dropOversized('a span')
    } catch (error) {
      this.#sender.dropMalformed('a span', error)
    }
    out.rewind(before)
    return false
  }
}
