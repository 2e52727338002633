import { getOrInsert } from '../base/get-or-insert.js'

type Cut = (reason: Error) => void

interface UnreadMemory {
  readonly bytes: number
  /** One for each body that holds it, with whether its client waits for us. */
  readonly cuts: Map<Cut, () => boolean>
}

/**
 * Limits the memory of bodies that wait for slow clients. If all together take more than `maxBytes`, the bodies of the memory that was not
 * read for the longest time are aborted. Those of clients that wait for us are aborted only if all together take more than twice as much.
 */
export class UnreadBodies {
  readonly #maxBytes: number
  /** In the order of their last read. */
  readonly #held = new Map<object, UnreadMemory>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Adds a body.
   * @param memory Identifies the memory of the body. Bodies that share it are added one by one, and it is counted once.
   * @param bytes Its size while it is not read.
   * @param isAwaited True while the client waits for the next part, so that it is not slow.
   */
  add(memory: object, bytes: number, cut: Cut, isAwaited: () => boolean = () => false): void {
    this.progressed(memory)
    const held = getOrInsert(this.#held, memory, () => {
      this.#bytes += bytes
      return { bytes, cuts: new Map<Cut, () => boolean>() }
    })
    held.cuts.set(cut, isAwaited)
    this.#cutSlowest(memory, this.#maxBytes, ({ cuts }) => ![...cuts.values()].some((isReading) => isReading()))
    this.#cutSlowest(memory, 2 * this.#maxBytes, () => true)
  }

  #cutSlowest(added: object, maxBytes: number, mayCut: (held: UnreadMemory) => boolean): void {
    for (const [slowest, held] of this.#held) {
      if (this.#bytes <= maxBytes || slowest === added) return
      if (!mayCut(held)) continue
      for (const cut of held.cuts.keys()) {
        this.delete(slowest, cut)
        cut(new Error('the body was cut: too much of others is unread'))
      }
    }
  }

  /** Call when a client has read something. */
  progressed(memory: object): void {
    const held = this.#held.get(memory)
    if (held === undefined) return
    this.#held.delete(memory)
    this.#held.set(memory, held)
  }

  /** Call when a body has ended. The memory is held until all of its bodies have ended. */
  delete(memory: object, cut: Cut): void {
    const held = this.#held.get(memory)
    if (held?.cuts.delete(cut) !== true || held.cuts.size > 0) return
    this.#bytes -= held.bytes
    this.#held.delete(memory)
  }
}
