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
  /** The number of spans that are in a part, or were dropped. */
  begun = 0
  #firstUndelivered = Number.POSITIVE_INFINITY

  /** The number of spans at the beginning that must not be sent again: those that were accepted, refused or dropped. */
  get settled(): number {
    return Math.min(this.begun, this.#firstUndelivered)
  }

  /** Call with the index of the first span of a part that was not delivered. Parts may settle in any order. */
  undelivered(first: number): void {
    this.#firstUndelivered = Math.min(this.#firstUndelivered, first)
  }
}

/** The spans of a part. If some between them were dropped, the range in the batch is longer than `spans`. */
interface SpanRange {
  /** The index of the first span in the batch. */
  readonly first: number
  readonly spans: number
}

/** Spans that are sent as one request. */
export class SpanPart implements OutgoingPart {
  readonly body: readonly Uint8Array[]
  readonly #bytes: Uint8Array
  readonly #range: SpanRange
  readonly #envelope: Envelope
  readonly #sender: OtlpSender
  readonly #progress: BatchProgress

  constructor(bytes: Uint8Array, range: SpanRange, envelope: Envelope, sender: OtlpSender, progress: BatchProgress) {
    this.#bytes = bytes
    this.#range = range
    this.#envelope = envelope
    this.#sender = sender
    this.#progress = progress
    this.body = sender.bodyOf(envelope, bytes, TRACE_REQUEST)
  }

  get items(): number {
    return this.#range.spans
  }

  halves(): readonly [SpanPart, SpanPart] {
    const { first, spans } = this.#range
    const middle = spans >> 1
    const [before, after] = splitSpans(this.#bytes, middle)
    const half = (bytes: Uint8Array, range: SpanRange): SpanPart => new SpanPart(bytes, range, this.#envelope, this.#sender, this.#progress)
    return [half(before, { first, spans: middle }), half(after, { first: first + middle, spans: spans - middle })]
  }

  settled(delivery: Delivery): void {
    // Undelivered spans are not counted here: the transport retries them, and counts those it drops.
    if (delivery.kind === 'undelivered') this.#progress.undelivered(this.#range.first)
    else this.#sender.settled(this.items, delivery)
    if (delivery.kind === 'taken') this.#progress.accepted += this.items
    this.#sender.release(this.#bytes, delivery)
  }
}
