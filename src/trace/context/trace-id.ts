import { hexOf4, readHexWords } from './hex.js'
import type { RandomWords } from './random-source.js'
import type { TraceState } from './trace-state.js'

const TRACE_ID_AT = 3 // in a traceparent
const ID_LENGTH = 32

const scratch = new Int32Array(4)

/**
 * The trace id and tracestate, which all spans of a trace in this process share.
 *
 * The id is generated when it is first read, so that a trace that is neither sampled nor propagated has none. It is converted between
 * words and string only if needed: an id from a header is sent again without a conversion.
 */
export class TraceId {
  readonly state: TraceState | undefined
  /** The source of the words: random numbers or a string; undefined once the words are set. */
  #source: RandomWords | string | undefined
  #hex: string | undefined = undefined
  #w0 = 0
  #w1 = 0
  #w2 = 0
  #w3 = 0

  /** @param source Random numbers for a new trace, a valid id, or a valid `traceparent` of 55 characters. */
  constructor(source: RandomWords | string, state?: TraceState) {
    this.#source = source
    this.state = state
  }

  /** 32 lower-case hex digits. */
  get hex(): string {
    if (this.#hex !== undefined) return this.#hex
    const source = this.#source
    if (typeof source === 'string') {
      this.#hex = source.length === ID_LENGTH ? source : source.slice(TRACE_ID_AT, TRACE_ID_AT + ID_LENGTH)
    } else {
      if (source !== undefined) this.makeWords(source)
      this.#hex = hexOf4(this.#w0, this.#w1, this.#w2, this.#w3)
    }
    return this.#hex
  }

  get w0(): number {
    if (this.#source !== undefined) this.makeWords(this.#source)
    return this.#w0
  }

  get w1(): number {
    if (this.#source !== undefined) this.makeWords(this.#source)
    return this.#w1
  }

  /** The low 64 bits, first half. */
  get w2(): number {
    if (this.#source !== undefined) this.makeWords(this.#source)
    return this.#w2
  }

  /** The low 64 bits, second half. */
  get w3(): number {
    if (this.#source !== undefined) this.makeWords(this.#source)
    return this.#w3
  }

  // Not a #private method, for which V8 would add a field to each object.
  protected makeWords(source: RandomWords | string): void {
    if (typeof source === 'string') {
      readHexWords(this.hex, 0, scratch)
      this.#w0 = scratch[0]!
      this.#w1 = scratch[1]!
      this.#w2 = scratch[2]!
      this.#w3 = scratch[3]!
    } else {
      this.#w0 = source.next()
      this.#w1 = source.next()
      this.#w2 = source.next()
      // An id of zeros means none.
      this.#w3 = source.next() || ((this.#w0 | this.#w1 | this.#w2) === 0 ? 1 : 0)
    }
    this.#source = undefined
  }
}
