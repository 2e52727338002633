import type { Contributor } from './data/contributor.js'
import type { GroupData, MergedData } from './group-data.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'

interface Part {
  readonly of: 'keeper' | 'departed'
  readonly rows: MergedData
  readonly contributor: Contributor
}

/** What a heir holds for the time after its keeper: the keeper's own rows and the account of the departed. */
export class Estate {
  readonly keeperId: string
  readonly term: string
  /** True once the connection to that keeper has ended: its process is over, or has resigned. */
  isOver = false
  readonly #data: GroupData
  readonly #parts: Record<'keeper' | 'departed', Part>

  constructor(keeperId: string, term: string, data: GroupData) {
    this.keeperId = keeperId
    this.term = term
    this.#data = data
    const part = (of: Part['of']): Part => {
      const rows = data.mirror()
      return { of, rows, contributor: rows.contributor(keeperId, 0) }
    }
    this.#parts = { keeper: part('keeper'), departed: part('departed') }
  }

  apply(of: 'keeper' | 'departed', frame: Uint8Array): void {
    this.#parts[of].contributor.apply(frame)
  }

  /** All of it as frames for a new keeper. */
  *frames(): Generator<Uint8Array> {
    for (const { of, rows } of Object.values(this.#parts)) {
      const reader = this.#data.changes([{ name: of, getMetrics: () => [], getFamilies: () => rows.families() }])
      const origin: ControlMessages['ORIGIN'] = { of, keeperId: this.keeperId, term: this.term }
      for (const frame of reader.framesNow()) {
        yield controlFrame('ORIGIN', origin)
        yield frame
      }
    }
    yield controlFrame('ESTATE', { keeperId: this.keeperId, term: this.term, isOver: this.isOver })
    yield controlFrame('ORIGIN', { of: 'self', keeperId: this.keeperId, term: this.term })
  }
}
