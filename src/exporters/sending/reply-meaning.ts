/** The outcome of a request by its response. `again`: the same bytes may be accepted later. */
export type ReplyMeaning = 'taken' | 'again' | 'too_large' | 'refused'

/** True if a request that was answered with this status may be accepted later. */
export type IsRetryable = (status: number) => boolean

const isServerError: IsRetryable = (status) => status >= 500 && status < 600

/**
 * | status               | OTLP    | remote write and text import |
 * | -------------------- | ------- | ---------------------------- |
 * | 2xx                  | taken   | taken                        |
 * | 413                  | too large: half of it may be accepted  |
 * | 429                  | again   | again                        |
 * | 502, 503, 504        | again   | again                        |
 * | 500 and other 5xx    | refused | again                        |
 * | 3xx, all other 4xx   | refused | refused                      |
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#failures-1
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/#retries-backoff
 */
export const RETRYABLE: Readonly<Record<'otlp' | 'prometheus' | 'prometheusNot429', IsRetryable>> = {
  otlp: (status) => status === 429 || (status >= 502 && status <= 504),
  prometheus: (status) => status === 429 || isServerError(status),
  /** For receivers that respond with 429 to requests that they will never accept. */
  prometheusNot429: isServerError,
}

export function replyMeaning(status: number, isRetryable: IsRetryable): ReplyMeaning {
  if (status >= 200 && status < 300) return 'taken'
  if (status === 413) return 'too_large'
  return isRetryable(status) ? 'again' : 'refused'
}
