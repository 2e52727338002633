/** The metadata of a family. */
export interface SeriesMetadata {
  /** Unknown 0, counter 1, gauge 2, histogram 3, gauge histogram 4, summary 5, info 6, state set 7. */
  readonly type: number
  readonly help: string
  readonly unit: string
}

/** One encoded request. */
export interface EncodedRequest {
  readonly samples: number
  readonly body: readonly Uint8Array[]
  /** Splits the request into two. Returns undefined if it has only one series. */
  halves(): readonly [EncodedRequest, EncodedRequest] | undefined
}
