import type { OutgoingPart } from '../sending/part-sending.js'
import type { Delivery } from '../sending/send-until.js'
import type { Envelope } from './envelope.js'
import { jsonFromProtobuf, TRACE_REQUEST } from './json-from-protobuf.js'
import type { OtlpSender } from './otlp-sender.js'
import { splitSpans } from './split-items.js'

/** Which spans of a batch must not be tried again: those at its beginning that were taken, refused or left out. */
export class BatchProgress {
  /** Spans that are in a part, or left out. */
  begun = 0
  #firstUndelivered = Number.POSITIVE_INFINITY

  /** How many spans at the beginning of the batch are done with. */
  get delivered(): number {
    return Math.min(this.begun, this.#firstUndelivered)
  }

  /** Parts may settle in any order. */
  undelivered(first: number): void {
    this.#firstUndelivered = Math.min(this.#firstUndelivered, first)
  }
}

/** Where the spans of a part are in their batch. If some were left out, the last ones are further on. */
interface SpanRange {
  readonly first: number
  readonly spans: number
}

/** Some spans as one request. */
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
    const body = [envelope.head(bytes.length), bytes]
    this.body = sender.isJson ? [Buffer.from(jsonFromProtobuf(Buffer.concat(body), TRACE_REQUEST))] : body
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
    // What was not delivered is not lost yet: the transport tries again, and counts what it gives up.
    if (delivery.kind === 'undelivered') this.#progress.undelivered(this.#range.first)
    else this.#sender.settled(this.items, delivery)
    this.#sender.release(this.#bytes, delivery)
  }
}
