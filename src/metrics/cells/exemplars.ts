import { exemplarLabels } from '../../base/context.js'
import type { Epochs } from './cells.js'
import type { Exemplar } from '../data/metric.js'

/**
 * The exemplars of buckets. Each bucket keeps the first value since the last gathering that was recorded inside a sampled span,
 * or the newest value with attachments.
 */
export class Exemplars {
  private readonly epochs: Epochs
  private readonly places: number
  private kept: Map<number, Exemplar> | undefined = undefined
  /** The epoch of each bucket's exemplar; 0 if it has none or was copied. Allocated with the first exemplar, as few programs have any. */
  private keptIn: Int32Array | undefined = undefined

  /** @param places The number of buckets. */
  constructor(places: number, epochs: Epochs) {
    this.places = places
    this.epochs = epochs
  }

  at(place: number): Exemplar | undefined {
    return this.kept?.get(place)
  }

  /** Keeps a value if it belongs to a sampled span. Called for every value while such a span is open. */
  take(place: number, value: number): void {
    if (this.keptIn !== undefined && this.keptIn[place] === this.epochs.current) return
    const attachments = exemplarLabels()
    if (attachments !== undefined) this.keep(place, value, attachments)
  }

  /** Keeps a value with its attachments; replaces the exemplar of the bucket. */
  keep(place: number, value: number, attachments: Readonly<Record<string, string>>): void {
    this.copy(place, exemplarOf(value, attachments, this.epochs))
    this.keptIn ??= new Int32Array(this.places)
    this.keptIn[place] = this.epochs.current
  }

  /** Copies an exemplar from other cells; the next value inside a sampled span may replace it. */
  copy(place: number, exemplar: Exemplar | undefined): void {
    if (exemplar !== undefined) (this.kept ??= new Map()).set(place, exemplar)
  }

  delete(place: number): void {
    this.kept?.delete(place)
    if (this.keptIn !== undefined) this.keptIn[place] = 0
  }
}

/** Frozen, because snapshots contain this very object. */
export function exemplarOf(value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): Exemplar {
  return Object.freeze({ value: value + 0, timeUnixMs: epochs.clock.unixMs(), attachments })
}
