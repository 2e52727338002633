import { type InternalCount, type InternalMetric, internalCount, internalCounter, internalGauge } from '../../base/internal-metrics.js'

/** Where the items given to a transport are now: `accepted = exported + rejected + dropped + queued + inFlight`, always. */
export interface TransportAccounting {
  /** Items given to `send`. */
  readonly accepted: number
  /** Taken by the exporter. */
  readonly exported: number
  /** Passed to the exporter, which failed with an error that is not retryable or timed out. */
  readonly rejected: number
  /** Never tried, or given up at the end of the grace period. */
  readonly dropped: number
  /** Waiting for a batch. */
  readonly queued: number
  /** In the batch that is being exported, or waits to be tried again. */
  readonly inFlight: number
}

export type DropReason = 'queue_full' | 'queue_bytes' | 'shutdown' | 'grace_period' | 'ended' | 'exit'
export type RejectReason = 'failed' | 'timeout' | 'retries' | 'ended'

const counter = (name: string, description: string, ...labelKeys: string[]): InternalMetric =>
  internalCounter(`tallyscope_transport_${name}`, description, 'exporter', ...labelKeys)

const accepted = counter('accepted_items_total', 'Items given to a transport.')
const exported = counter('exported_items_total', 'Items that the exporter of a transport has taken.')
const rejected = counter('rejected_items_total', 'Items that the exporter of a transport has not taken, by reason.', 'reason')
const dropped = counter('dropped_items_total', 'Items that a transport has dropped, by reason.', 'reason')
const retries = counter('retries_total', 'Batches given to an exporter once more.')
const waiting = internalGauge('tallyscope_transport_waiting_items', 'Items that are queued or in flight in transports.', 'exporter')

/** The books of one transport. Each method is one transfer, so that the sum is right between any two calls. */
export class TransportStats {
  readonly #exporter: string
  readonly #now = { accepted: 0, exported: 0, rejected: 0, dropped: 0, queued: 0, inFlight: 0 }
  readonly #accepted: InternalCount
  readonly #exported: InternalCount
  readonly #waiting: InternalCount
  readonly #dropped = new Map<DropReason, InternalCount>()

  constructor(exporter: string) {
    this.#exporter = exporter
    this.#accepted = internalCount(accepted, exporter)
    this.#exported = internalCount(exported, exporter)
    this.#waiting = internalCount(waiting, exporter)
  }

  get accounting(): TransportAccounting {
    return { ...this.#now }
  }

  get queued(): number {
    return this.#now.queued
  }

  get inFlight(): number {
    return this.#now.inFlight
  }

  /** A new item: dropped at once if there is a reason, queued otherwise. */
  accept(dropReason?: DropReason): void {
    this.#now.accepted++
    this.#accepted.value++
    this.#waiting.value++
    this.#now.queued++
    if (dropReason !== undefined) this.dropQueued(1, dropReason)
  }

  /** A new item that is exported at once. */
  acceptInFlight(): void {
    this.#now.accepted++
    this.#accepted.value++
    this.#waiting.value++
    this.#now.inFlight++
  }

  depart(items: number): void {
    this.#now.queued -= items
    this.#now.inFlight += items
  }

  exported(items: number): void {
    this.#now.inFlight -= items
    this.#now.exported += items
    this.#waiting.value -= items
    this.#exported.value += items
  }

  rejected(items: number, reason: RejectReason): void {
    if (items === 0) return
    this.#now.inFlight -= items
    this.#now.rejected += items
    this.#waiting.value -= items
    internalCount(rejected, this.#exporter, reason).value += items
  }

  dropQueued(items: number, reason: DropReason): void {
    this.#now.queued -= items
    this.#drop(items, reason)
  }

  dropDeparted(items: number, reason: DropReason): void {
    this.#now.inFlight -= items
    this.#drop(items, reason)
  }

  dropInFlight(reason: DropReason): void {
    this.dropDeparted(this.#now.inFlight, reason)
  }

  retried(): void {
    internalCount(retries, this.#exporter).value++
  }

  #drop(items: number, reason: DropReason): void {
    if (items === 0) return
    this.#now.dropped += items
    this.#waiting.value -= items
    let count = this.#dropped.get(reason)
    if (count === undefined) this.#dropped.set(reason, (count = internalCount(dropped, this.#exporter, reason)))
    count.value += items
  }
}
