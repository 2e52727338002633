import { hexOf4, readHexWords } from './hex.js'
import type { RandomWords } from './random-words.js'
import type { TraceState } from './trace-state.js'

const TRACE_ID_AT = 3 // in a traceparent
const ID_LENGTH = 32

const scratch = new Int32Array(4)

/**
 * What all spans of one trace in this process share: the trace id and the tracestate.
 *
 * The id is four 32-bit words or text, and is turned into the other when that is first asked for: an unsampled trace that
 * begins here never makes text, one that comes in a header is passed on without being turned into numbers.
 */
export class TraceIdentity {
  readonly state: TraceState | undefined
  #w0: number
  #w1: number
  #w2: number
  #w3: number
  #hasWords: boolean
  #text: string | undefined

  constructor(w0: number, w1: number, w2: number, w3: number, text: string | undefined, state: TraceState | undefined, hasWords: boolean) {
    this.#w0 = w0
    this.#w1 = w1
    this.#w2 = w2
    this.#w3 = w3
    this.#text = text
    this.state = state
    this.#hasWords = hasWords
  }

  static ofWords(w0: number, w1: number, w2: number, w3: number, state?: TraceState): TraceIdentity {
    return new TraceIdentity(w0, w1, w2, w3, undefined, state, true)
  }

  /** @param text A valid id, or a valid `traceparent` of 55 characters, out of which the id is cut when it is asked for. */
  static ofText(text: string, state?: TraceState): TraceIdentity {
    return new TraceIdentity(0, 0, 0, 0, text, state, false)
  }

  /** 32 lower-case hex digits. */
  get hex(): string {
    const text = this.#text
    if (text === undefined) return (this.#text = hexOf4(this.#w0, this.#w1, this.#w2, this.#w3))
    return text.length === ID_LENGTH ? text : (this.#text = text.slice(TRACE_ID_AT, TRACE_ID_AT + ID_LENGTH))
  }

  /** The low 64 bits, first half. */
  get w2(): number {
    if (!this.#hasWords) this.#readWords()
    return this.#w2
  }

  /** The low 64 bits, second half. */
  get w3(): number {
    if (!this.#hasWords) this.#readWords()
    return this.#w3
  }

  #readWords(): void {
    readHexWords(this.hex, 0, scratch)
    this.#w0 = scratch[0]!
    this.#w1 = scratch[1]!
    this.#w2 = scratch[2]!
    this.#w3 = scratch[3]!
    this.#hasWords = true
  }
}

/** The identity of a trace that starts here. */
export function newTrace(random: RandomWords, state?: TraceState): TraceIdentity {
  const w0 = random.next()
  const w1 = random.next()
  const w2 = random.next()
  const w3 = random.next()
  // An id of zeros means none.
  return TraceIdentity.ofWords(w0, w1, w2, (w0 | w1 | w2 | w3) === 0 ? 1 : w3, state)
}
