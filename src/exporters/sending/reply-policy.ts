/** The outcome of a request by its response. `again`: the same bytes may be accepted later. */
export type ReplyMeaning = 'taken' | 'again' | 'too large' | 'refused'

/** Which statuses of a protocol mean that the same request may be accepted later. */
export interface ReplyPolicy {
  readonly isAgain: (status: number) => boolean
}

const isServerError = (status: number): boolean => status >= 500 && status < 600

/**
 * | status               | OTLP    | remote write | text import |
 * | -------------------- | ------- | ------------ | ----------- |
 * | 2xx                  | taken   | taken        | taken       |
 * | 413                  | too large: half of it may be accepted  |
 * | 429                  | again   | again        | again       |
 * | 502, 503, 504        | again   | again        | again       |
 * | 500 and other 5xx    | refused | again        | again       |
 * | 3xx, all other 4xx   | refused | refused      | refused     |
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#failures-1
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/#retries-backoff
 */
export const REPLY_POLICIES: Readonly<Record<'otlp' | 'remoteWrite' | 'remoteWriteNot429' | 'textImport', ReplyPolicy>> = {
  otlp: { isAgain: (status) => status === 429 || (status >= 502 && status <= 504) },
  remoteWrite: { isAgain: (status) => status === 429 || isServerError(status) },
  /** Remote write to receivers that respond with 429 to requests that they will never accept. */
  remoteWriteNot429: { isAgain: isServerError },
  textImport: { isAgain: (status) => status === 429 || isServerError(status) },
}

export function replyMeaning(status: number, { isAgain }: ReplyPolicy): ReplyMeaning {
  if (status >= 200 && status < 300) return 'taken'
  if (status === 413) return 'too large'
  return isAgain(status) ? 'again' : 'refused'
}
