export interface MetricsRequest {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** Aborted when the client has disconnected, which ends the scrape. */
  readonly signal?: AbortSignal
}

export interface MetricsResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /**
   * Bytes if the body is short, otherwise a stream. Do not change the bytes: concurrent scrapes may share them. Read a stream to its end, or
   * call `return()`. It is aborted if it is not read for `sendTimeoutMs`. If reading throws, destroy the connection instead of ending the
   * body. Absent for HEAD.
   */
  readonly body?: Uint8Array | AsyncIterableIterator<Uint8Array>
}

/** A response with an error message instead of metrics. */
export function refusal(status: number, why: string, headers: Readonly<Record<string, string>> = {}): MetricsResponse {
  const body = Buffer.from(`${why}\n`)
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(body.length),
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body,
  }
}
