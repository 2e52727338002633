import type { OutgoingPart } from '../sending/part-sending.js'
import type { Delivery } from '../sending/send-until.js'
import type { Envelope } from './envelope.js'
import { jsonFromProtobuf, TRACE_REQUEST } from './json-from-protobuf.js'
import type { OtlpSender } from './otlp-sender.js'
import { splitSpans } from './split-items.js'

/** Some spans as one request. */
export class SpanPart implements OutgoingPart {
  readonly items: number
  readonly body: readonly Uint8Array[]
  readonly #bytes: Uint8Array
  readonly #envelope: Envelope
  readonly #sender: OtlpSender
  readonly #onSettled: (spans: number, delivery: Delivery) => void

  constructor(
    bytes: Uint8Array,
    spans: number,
    envelope: Envelope,
    sender: OtlpSender,
    onSettled: (spans: number, delivery: Delivery) => void,
  ) {
    this.items = spans
    this.#bytes = bytes
    this.#envelope = envelope
    this.#sender = sender
    this.#onSettled = onSettled
    const body = [envelope.head(bytes.length), bytes]
    this.body = sender.isJson ? [Buffer.from(jsonFromProtobuf(Buffer.concat(body), TRACE_REQUEST))] : body
  }

  halves(): readonly [SpanPart, SpanPart] {
    const middle = this.items >> 1
    const [first, second] = splitSpans(this.#bytes, middle)
    const half = (bytes: Uint8Array, spans: number): SpanPart => new SpanPart(bytes, spans, this.#envelope, this.#sender, this.#onSettled)
    return [half(first, middle), half(second, this.items - middle)]
  }

  settled(delivery: Delivery): void {
    // What was not delivered is not lost yet: the transport tries again, and counts what it gives up.
    if (delivery.kind !== 'undelivered') this.#sender.settled(this.items, delivery)
    this.#onSettled(this.items, delivery)
    this.#sender.release(this.#bytes, delivery)
  }
}
