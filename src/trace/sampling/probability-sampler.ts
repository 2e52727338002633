import { checkOptions } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { readHexWords } from '../context/hex.js'
import type { Sampler, SamplingInput } from './sampler.js'
import type { TraceId } from '../context/trace-id.js'

const TWO_TO_32 = 2 ** 32
const TWO_TO_64 = 2 ** 64

const lowWords = new Int32Array(2)

/**
 * Samples a share of all traces. It decides by the trace id, so that all processes with the same rate decide in the same way. A span whose
 * parent is sampled is sampled too.
 *
 * A trace is sampled if the low 64 bits of its id, as an unsigned integer, are at most rate × 2^64; the comparison is exact.
 *
 * @example
 * new Tracer({ sampler: new ProbabilitySampler(0.01) })
 */
export class ProbabilitySampler implements Sampler {
  /** 0 (never) … 1 (always). */
  readonly rate: number
  readonly #high: number
  readonly #low: number

  /**
   * @param rate 0 … 1, or an object with `rate`. Default 1/10 000.
   * @throws {@link DefinitionError} `ERR_SAMPLING_RATE` if it is not a number from 0 to 1.
   */
  constructor(rate: number | { readonly rate?: number } = 1e-4) {
    if (typeof rate === 'object' && rate !== null) checkOptions('ProbabilitySampler', rate, { rate: true })
    const value = typeof rate === 'object' && rate !== null ? (rate.rate ?? 1e-4) : rate
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      throw new DefinitionError('ERR_SAMPLING_RATE', `a sampling rate must be a number from 0 to 1: it is ${inspectValue(value)}`)
    }
    this.rate = value
    // A double below 2^64 is split at 2^32 without loss.
    const threshold = value * TWO_TO_64
    this.#high = Math.floor(threshold / TWO_TO_32)
    this.#low = Math.floor(threshold - this.#high * TWO_TO_32)
  }

  get description(): string {
    return `probability(${this.rate})`
  }

  shouldSample(input: SamplingInput): boolean {
    if (this.rate === 1 || input.sampled) return true
    if (this.rate === 0) return false
    const trace = (input as { trace?: TraceId }).trace
    if (trace !== undefined) return this.#takes(trace.w2, trace.w3)
    // An object of the caller. Its id is a string that may be invalid.
    return readHexWords(input.traceId, 16, lowWords) && this.#takes(lowWords[0]!, lowWords[1]!)
  }

  #takes(high: number, low: number): boolean {
    const unsigned = high >>> 0
    return unsigned < this.#high || (unsigned === this.#high && low >>> 0 <= this.#low)
  }
}
