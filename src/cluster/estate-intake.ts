import type { Contributor } from './data/contributor.js'
import type { Departures } from './departures.js'
import type { MergedData } from './group-data.js'
import type { ControlMessages } from './net/control-frames.js'

type Origin = ControlMessages['ORIGIN']

const MAX_ESTATES = 1_024

/** What a heir hands to a new keeper: the old keeper's own rows, and the account of those that departed in its time. Each counts once. */
export class EstateIntake {
  readonly #merged: MergedData
  readonly #departures: Departures
  readonly #isConnected: (id: string) => boolean
  readonly #open = new Map<string, Contributor>()
  readonly #done = new Set<string>()

  /** @param isConnected True for a member that is there, and whose rows are therefore newer. */
  constructor(merged: MergedData, departures: Departures, isConnected: (id: string) => boolean) {
    this.#merged = merged
    this.#departures = departures
    this.#isConnected = isConnected
  }

  apply({ of, keeperId, term }: Origin, frame: Uint8Array): void {
    if (this.#done.has(term) || (of !== 'keeper' && of !== 'departed')) return
    if (of === 'keeper' && (this.#isConnected(keeperId) || this.#departures.isFolded(keeperId))) return
    // The old keeper comes back under its id, if it was only stopped; the account needs an id of its own.
    const id = of === 'keeper' ? keeperId : `departed ${term}`
    let contributor = this.#open.get(id)
    if (contributor === undefined) {
      contributor = this.#merged.contributor(id, 0)
      contributor.disconnect()
      this.#open.set(id, contributor)
    }
    contributor.apply(frame)
  }

  /** @param isOver False if the old keeper may still run. */
  complete(keeperId: string, term: string, isOver: boolean): void {
    if (this.#done.has(term)) {
      if (isOver) this.#departures.isOver(keeperId)
      return
    }
    this.#done.add(term)
    for (const oldest of this.#done) {
      if (this.#done.size <= MAX_ESTATES) break
      this.#done.delete(oldest)
    }
    const account = this.#open.get(`departed ${term}`)
    const rows = this.#open.get(keeperId)
    this.#open.delete(`departed ${term}`)
    this.#open.delete(keeperId)
    account?.depart('exit')
    if (rows !== undefined && !this.#isConnected(keeperId)) this.#departures.lose(rows, () => isOver, !isOver)
  }
}
