import { getOrInsert } from '../base/get-or-insert.js'
import type { Contributor } from './frames/contributor.js'
import { overLimit } from './frames/frame-error.js'
import type { GroupData, MergedData } from './group-data.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'

type Origin = ControlMessages['ORIGIN']

interface Part {
  readonly origin: Origin
  readonly rows: MergedData
  readonly contributor: Contributor
}

/** The process of the keeper has a part for itself and for each of its threads. */
const MAX_PARTS = 4_097

/** A copy, in the standby, of the rows that only the process of the keeper has: its own, those of its threads, and the departed totals. */
export class KeeperReplica {
  readonly keeperId: string
  readonly term: string
  /** True once the connection to that keeper has ended. */
  isOver = false
  readonly #data: GroupData
  readonly #parts = new Map<string, Part>()

  constructor(keeperId: string, term: string, data: GroupData) {
    this.keeperId = keeperId
    this.term = term
    this.#data = data
  }

  /** @throws {@link FrameError} */
  apply(origin: Origin, frame: Uint8Array): void {
    const key = origin.of === 'departed' ? 'departed' : origin.id
    const part = getOrInsert(this.#parts, key, () => {
      if (this.#parts.size >= MAX_PARTS) throw overLimit(`a replica has at most ${MAX_PARTS} parts`)
      const rows = this.#data.mirror()
      return { origin, rows, contributor: rows.contributor(origin.id, origin.slot) }
    })
    part.contributor.apply(frame)
  }

  /** Call when the totals of an ended thread have been added to those of departed members. */
  memberDeparted(id: string): void {
    this.#parts.delete(id)
  }

  /** Returns the whole replica as frames for a new keeper. */
  *frames(): Generator<Uint8Array> {
    for (const { origin, rows } of this.#parts.values()) {
      const reader = this.#data.changes([{ name: origin.of, getMetrics: () => [], getFamilies: () => rows.families() }])
      for (const frame of reader.framesNow()) {
        yield controlFrame('ORIGIN', origin)
        yield frame
      }
    }
    yield controlFrame('REPLICA', { keeperId: this.keeperId, term: this.term, isOver: this.isOver })
    yield controlFrame('ORIGIN', keeperOrigin('self', this.keeperId, this.term))
  }
}

/** Returns the origin of rows of the keeper, or of rows that do not belong to one member. */
export function keeperOrigin(of: Origin['of'], keeperId: string, term: string): Origin {
  return { of, keeperId, term, id: keeperId, slot: 0, pid: process.pid }
}

/**
 * Wraps frames of departed totals into those of a replica, for a file.
 * @param included Terms of former keepers whose totals are among them, and must not be added again.
 */
export function* departedReplica(
  keeperId: string,
  term: string,
  frames: Iterable<Uint8Array>,
  included: Iterable<string> = [],
): Generator<Uint8Array> {
  for (const frame of frames) {
    yield controlFrame('ORIGIN', keeperOrigin('departed', keeperId, term))
    yield frame
  }
  for (const each of [term, ...included]) yield controlFrame('REPLICA', { keeperId, term: each, isOver: true })
}
