import { exemplarLabels } from '../../base/context.js'
import type { Epochs } from './cells.js'
import type { Exemplar } from '../data/metric.js'

/**
 * The exemplars of buckets: of each the first value since the last gathering that was recorded inside a sampled span,
 * or the newest that attachments came with.
 */
export class Exemplars {
  private readonly epochs: Epochs
  private readonly places: number
  private kept: Map<number, Exemplar> | undefined = undefined
  /** By place the epoch of its exemplar, 0 where it has none of a known one. Made with the first exemplar, which few programs have. */
  private keptIn: Int32Array | undefined = undefined

  /** @param places how many buckets there are. */
  constructor(places: number, epochs: Epochs) {
    this.places = places
    this.epochs = epochs
  }

  get isEmpty(): boolean {
    return this.kept === undefined
  }

  at(place: number): Exemplar | undefined {
    return this.kept?.get(place)
  }

  /** Keeps a value, where the sampled span that it belongs to can be found. Called for every value while such a span is open. */
  take(place: number, value: number): void {
    if (this.keptIn !== undefined && this.keptIn[place] === this.epochs.current) return
    const attachments = exemplarLabels()
    if (attachments !== undefined) this.keep(place, value, attachments)
  }

  /** Keeps a value with what it came with, instead of what was there. */
  keep(place: number, value: number, attachments: Readonly<Record<string, string>>): void {
    this.copy(place, exemplarOf(value, attachments, this.epochs))
    this.keptIn ??= new Int32Array(this.places)
    this.keptIn[place] = this.epochs.current
  }

  /** Takes one over from elsewhere; the next value inside a sampled span may replace it. */
  copy(place: number, exemplar: Exemplar | undefined): void {
    if (exemplar !== undefined) (this.kept ??= new Map()).set(place, exemplar)
  }

  delete(place: number): void {
    this.kept?.delete(place)
    if (this.keptIn !== undefined) this.keptIn[place] = 0
  }
}

/** Frozen, since snapshots hand out the very one that is kept. */
export function exemplarOf(value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): Exemplar {
  return Object.freeze({ value: value + 0, timeUnixMs: epochs.clock.unixMs(), attachments })
}
