import type { OutgoingPart } from '../sending/part-sending.js'
import type { Delivery } from '../sending/send-until.js'
import { METRICS_REQUEST } from './json-from-protobuf.js'
import type { MetricPartContent } from './metric-parts.js'
import type { OtlpSender } from './otlp-sender.js'
import { splitMetrics } from './split-items.js'

/** Points that are sent as one request, with their new delta baselines. */
export class MetricPart implements OutgoingPart {
  readonly #content: MetricPartContent
  readonly #sender: OtlpSender
  /** The index of its first point in the part that it was split from. */
  readonly #first: number
  readonly body: readonly Uint8Array[]

  constructor(content: MetricPartContent, sender: OtlpSender, first = 0) {
    const { envelope, bytes } = content
    this.#content = content
    this.#sender = sender
    this.#first = first
    this.body = sender.bodyOf(envelope, bytes, METRICS_REQUEST)
  }

  get items(): number {
    return this.#content.points
  }

  /** The size as protobuf, without resource and scope. */
  get bytes(): number {
    return this.#content.bytes.length
  }

  /** Counts its only point as dropped, because it is too large for any request. */
  drop(): void {
    this.#content.pending?.commit(this.#first, this.#first + 1)
    this.#sender.dropOversized('a point')
  }

  halves(): readonly [MetricPart, MetricPart] {
    const { bytes, points } = this.#content
    const middle = points >> 1
    const [first, second] = splitMetrics(bytes, middle)
    return [
      new MetricPart({ ...this.#content, bytes: first, points: middle }, this.#sender, this.#first),
      new MetricPart({ ...this.#content, bytes: second, points: points - middle }, this.#sender, this.#first + middle),
    ]
  }

  settled(delivery: Delivery): void {
    const { bytes, pending, points } = this.#content
    // Points that were refused are lost. Those that were not delivered are part of the next delta.
    if (delivery.kind !== 'undelivered') pending?.commit(this.#first, this.#first + points)
    this.#sender.settled(points, delivery)
    this.#sender.release(bytes, delivery)
  }
}
