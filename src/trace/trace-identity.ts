import { hexOf4 } from './hex.js'
import type { RandomWords } from './random-words.js'
import type { TraceState } from './trace-state.js'

/**
 * What all spans of one trace in this process share: the trace id and the tracestate.
 *
 * The id is four 32-bit words; its text is made when first asked for and kept, so that an unsampled trace
 * never makes one and a sampled one makes one for all its spans.
 */
export class TraceIdentity {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  readonly state: TraceState | undefined
  #hex: string | undefined

  constructor(w0: number, w1: number, w2: number, w3: number, hex?: string, state?: TraceState) {
    this.w0 = w0
    this.w1 = w1
    this.w2 = w2
    this.w3 = w3
    this.#hex = hex
    this.state = state
  }

  get hex(): string {
    return (this.#hex ??= hexOf4(this.w0, this.w1, this.w2, this.w3))
  }
}

/** The identity of a trace that starts here. */
export function newTrace(random: RandomWords): TraceIdentity {
  const w0 = random.next()
  const w1 = random.next()
  const w2 = random.next()
  const w3 = random.next()
  // An id of zeros means none.
  return new TraceIdentity(w0, w1, w2, (w0 | w1 | w2 | w3) === 0 ? 1 : w3)
}
