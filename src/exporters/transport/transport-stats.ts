import { getOrInsert } from '../../base/get-or-insert.js'
import { type InternalCount, type InternalMetric, internalCount, internalCounter, internalGauge } from '../../base/internal-metrics.js'

/** Numbers of items by state. At any time, `accepted = exported + rejected + dropped + queued + inFlight`. */
export interface TransportAccounting {
  /** Items passed to `send`. */
  readonly accepted: number
  /** Items that were exported. */
  readonly exported: number
  /** Items of exports that failed with an error that is not retryable, failed after all retries, or timed out. */
  readonly rejected: number
  /** Items that were never exported, or not by the end of the grace period. */
  readonly dropped: number
  /** Items in the queue. */
  readonly queued: number
  /** Items of the batch that is being exported or waits for a retry. */
  readonly inFlight: number
}

export type DropReason = 'queue_full' | 'queue_bytes' | 'shutdown' | 'grace_period' | 'ended' | 'exit'
export type RejectReason = 'failed' | 'timeout' | 'retries' | 'ended'

const counter = (name: string, description: string, ...labelKeys: string[]): InternalMetric =>
  internalCounter(`tallyscope_transport_${name}`, description, 'exporter', ...labelKeys)

const accepted = counter('accepted_items_total', 'Items passed to a transport.')
const exported = counter('exported_items_total', 'Items that the exporter of a transport has exported.')
const rejected = counter('rejected_items_total', 'Items that the exporter of a transport has failed to export, by reason.', 'reason')
const dropped = counter('dropped_items_total', 'Items that a transport has dropped, by reason.', 'reason')
const retries = counter('retries_total', 'Batches exported again after a failure.')
const waiting = internalGauge('tallyscope_transport_waiting_items', 'Items that are queued or in flight in transports.', 'exporter')

/** Counts the items of one transport. Each method moves items from one state to another, so that the sum is always correct. */
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

  /** Counts a new item as queued, or as dropped if there is a reason. */
  accept(dropReason?: DropReason): void {
    this.#now.accepted++
    this.#accepted.value++
    this.#waiting.value++
    this.#now.queued++
    if (dropReason !== undefined) this.dropQueued(1, dropReason)
  }

  /** Counts a new item as in flight. */
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
    getOrInsert(this.#dropped, reason, () => internalCount(dropped, this.#exporter, reason)).value += items
  }
}
