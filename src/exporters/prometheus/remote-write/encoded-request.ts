/** The offset of a series, and the number of samples before it. */
export interface SeriesStart {
  readonly at: number
  readonly samples: number
}

/** An encoded request: a head, followed by series. */
export class EncodedRequest {
  readonly samples: number
  readonly #head: Uint8Array
  readonly #series: Uint8Array
  readonly #starts: readonly SeriesStart[]

  constructor(head: Uint8Array, series: Uint8Array, starts: readonly SeriesStart[], samples: number) {
    this.#head = head
    this.#series = series
    this.#starts = starts
    this.samples = samples
  }

  get body(): readonly Uint8Array[] {
    return this.#head.length === 0 ? [this.#series] : [this.#head, this.#series]
  }

  /** Splits the request between two series. Returns undefined if it has only one. */
  halves(): readonly [EncodedRequest, EncodedRequest] | undefined {
    if (this.#starts.length < 2) return undefined
    const middle = this.#starts.length >> 1
    const { at, samples } = this.#starts[middle]!
    const rest = this.#starts.slice(middle).map((start) => ({ at: start.at - at, samples: start.samples - samples }))
    return [
      new EncodedRequest(this.#head, this.#series.subarray(0, at), this.#starts.slice(0, middle), samples),
      new EncodedRequest(this.#head, this.#series.subarray(at), rest, this.samples - samples),
    ]
  }
}
