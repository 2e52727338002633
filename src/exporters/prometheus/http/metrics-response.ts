export interface MetricsResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /**
   * Bytes if the body is short, else a stream of them: read it to its end or give it up by `return()`. It is aborted if no one
   * reads it for `sendTimeoutMs`. If reading it throws, break the connection instead of ending the body. Absent for HEAD.
   */
  readonly body?: Uint8Array | AsyncIterableIterator<Uint8Array>
}

/** A response with the reason why there are no metrics. */
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
