import { getOrInsert } from '../base/get-or-insert.js'
import type { Contributor } from './frames/contributor.js'
import { overLimit } from './frames/frame-error.js'
import type { Departures } from './departures.js'
import type { MergedData } from './group-data.js'
import type { ControlMessages } from './net/control-frames.js'
import { isProcessGone } from './net/process-gone.js'

type Origin = ControlMessages['ORIGIN']

interface Open {
  readonly contributor: Contributor
  readonly origin: Origin
}

const MAX_IMPORTS = 1_024
/** Parts of replicas that are not complete: a member for each thread of a former keeper. */
const MAX_OPEN = 4_096

/**
 * Receives the replica that a standby sends to a new keeper: the rows of the old keeper and of its threads, and the totals of the
 * members that departed in its term. Each counts once.
 */
export class ReplicaImport {
  readonly #merged: MergedData
  readonly #departures: Departures
  readonly #isConnected: (id: string) => boolean
  readonly #open = new Map<string, Open>()
  /** The members in the process of each keeper whose replica was imported, by the term of the keeper. */
  readonly #done = new Map<string, readonly string[]>()

  /** @param isConnected Returns true for a connected member, whose own rows are newer. */
  constructor(merged: MergedData, departures: Departures, isConnected: (id: string) => boolean) {
    this.#merged = merged
    this.#departures = departures
    this.#isConnected = isConnected
  }

  /** The terms of the keepers whose replicas were imported. */
  get terms(): Iterable<string> {
    return this.#done.keys()
  }

  /** @throws {@link FrameError} */
  apply(origin: Origin, frame: Uint8Array): void {
    const { of, id, slot, term } = origin
    if (this.#done.has(term) || (of !== 'keeper' && of !== 'departed')) return
    if (of === 'keeper' && (this.#isConnected(id) || this.#departures.hasDeparted(id))) return
    // If the old keeper was only stopped, the members of its process rejoin with their ids. The departed totals need an id of their own.
    const key = of === 'keeper' ? id : `departed ${term}`
    const open = getOrInsert(this.#open, key, () => {
      if (this.#open.size >= MAX_OPEN) throw overLimit(`at most ${MAX_OPEN} parts of replicas are open at a time`)
      const contributor = this.#merged.contributor(key, slot)
      contributor.showGauges(false)
      return { contributor, origin }
    })
    open.contributor.apply(frame)
  }

  /** Call when a member rejoins before the replica is complete. Returns its part of the replica, which its rows replace. */
  reclaim(id: string): Contributor | undefined {
    const open = this.#open.get(id)
    this.#open.delete(id)
    return open?.contributor
  }

  /** @param isOver False if the old keeper may still run. */
  complete(keeperId: string, term: string, isOver: boolean): void {
    const done = this.#done.get(term)
    if (done !== undefined) {
      if (isOver) for (const id of done) this.#departures.processEnded(id)
      return
    }
    const parts = [...this.#open].filter(([, { origin }]) => origin.term === term)
    for (const [key, { contributor, origin }] of parts) {
      this.#open.delete(key)
      if (origin.of === 'departed') contributor.depart()
      else {
        // The membership of the keeper itself ends with its connection. Its threads may rejoin while their process runs.
        const isGone = key === keeperId ? () => isOver : () => isProcessGone(origin.pid)
        this.#departures.disconnected(contributor, isGone, { isStopped: !isOver })
      }
    }
    this.#done.set(
      term,
      parts.filter(([, { origin }]) => origin.of === 'keeper').map(([id]) => id),
    )
    for (const oldest of this.#done.keys()) {
      if (this.#done.size <= MAX_IMPORTS) break
      this.#done.delete(oldest)
    }
  }
}
