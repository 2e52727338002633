import type { SpanData } from '../../trace/data/span-data.js'
import type { OutgoingPart } from '../sending/part-sending.js'
import type { Delivery } from '../sending/send-until.js'
import type { Envelope } from './envelope.js'
import { TRACE_REQUEST } from './json-from-protobuf.js'
import type { OtlpSender } from './otlp-sender.js'
import { splitSpans } from './split-items.js'

/** What has become of the spans of a batch. */
export class BatchProgress {
  /** The number of spans that the receiver has accepted. */
  accepted = 0
  /** The spans that must not be sent again: those that were accepted, refused or dropped. */
  readonly settled: Set<SpanData>

  /** @param settled Spans that were settled by an earlier export. */
  constructor(settled: Iterable<SpanData>) {
    this.settled = new Set(settled)
  }
}

/** Spans that are sent as one request. */
export class SpanPart implements OutgoingPart {
  readonly body: readonly Uint8Array[]
  readonly #bytes: Uint8Array
  readonly #spans: readonly SpanData[]
  readonly #envelope: Envelope
  readonly #sender: OtlpSender
  readonly #progress: BatchProgress

  constructor(bytes: Uint8Array, spans: readonly SpanData[], envelope: Envelope, sender: OtlpSender, progress: BatchProgress) {
    this.#bytes = bytes
    this.#spans = spans
    this.#envelope = envelope
    this.#sender = sender
    this.#progress = progress
    this.body = sender.bodyOf(envelope, bytes, TRACE_REQUEST)
  }

  get items(): number {
    return this.#spans.length
  }

  halves(): readonly [SpanPart, SpanPart] {
    const spans = this.#spans
    const middle = spans.length >> 1
    const [before, after] = splitSpans(this.#bytes, middle)
    const half = (bytes: Uint8Array, own: readonly SpanData[]): SpanPart =>
      new SpanPart(bytes, own, this.#envelope, this.#sender, this.#progress)
    return [half(before, spans.slice(0, middle)), half(after, spans.slice(middle))]
  }

  settled(delivery: Delivery): void {
    // Undelivered spans are not counted here: the transport retries them, and counts those it drops.
    if (delivery.kind !== 'undelivered') {
      this.#sender.settled(this.items, delivery)
      for (const span of this.#spans) this.#progress.settled.add(span)
    }
    if (delivery.kind === 'taken') this.#progress.accepted += this.items
    this.#sender.release(this.#bytes, delivery)
  }
}
