import { retryDelayMs } from '../../base/export-failure.js'
import type { Clock } from '../../base/clock.js'
import { pause } from '../../base/timer.js'
import { sizeOf } from '../../base/byte-chunks.js'
import { type HttpReply, type HttpRequest, type HttpSender, SendError } from './http-sender.js'
import { type IsRetryable, replyMeaning } from './reply-meaning.js'
import { retryAfterMs } from './retry-after.js'
import type { RequestCounts } from './request-counts.js'

/** The outcome of sending a request, retries included. */
export type Delivery =
  /** The receiver accepted it. */
  | { readonly kind: 'taken'; readonly reply: HttpReply }
  /** The receiver will never accept it. */
  | { readonly kind: 'refused' | 'too_large'; readonly reply: HttpReply }
  /** The receiver may accept it later, or may have accepted it without a response. */
  | {
      readonly kind: 'undelivered'
      readonly reason: 'retries' | 'deadline' | 'closing' | 'encoding'
      readonly message: string
      readonly retryAfterMs: number | undefined
    }

/** The reason for which the items of a request are counted as dropped. */
export function dropReason(delivery: Exclude<Delivery, { kind: 'taken' }>): string {
  return delivery.kind === 'undelivered' ? delivery.reason : delivery.kind
}

/** When to stop retrying. */
export interface RetryLimits {
  /** The deadline, in milliseconds of the monotonic clock. */
  readonly endsMs: number
  /** The maximum number of tries. Default: no limit but the deadline. */
  readonly tries?: number
  /** Ends the current delay when aborted; there is no further try. */
  readonly signal?: AbortSignal | undefined
  /** True for the last export of the process, which waits at most a second between tries. */
  readonly isLast?: boolean
}

export interface SendSettings {
  readonly sender: HttpSender
  /** One of {@link RETRYABLE}. */
  readonly isRetryable: IsRetryable
  readonly counts: RequestCounts
  readonly clock: Clock
  readonly random: () => number
  /** Time limit of one try, in milliseconds. */
  readonly timeoutMs: number
  /** Describes a response other than success. */
  readonly describe: (reply: HttpReply) => string
  /** Further headers by the number of the retry, which is 0 for the first try. Default: none. */
  readonly retryHeaders?: (retry: number) => Readonly<Record<string, string>>
}

const MAX_DELAY_MS = 5_000
const MAX_LAST_DELAY_MS = 1_000

/** A try that may be repeated. */
interface FailedTry {
  readonly kind: 'again'
  readonly message: string
  /** The delay that the receiver requested. */
  readonly retryAfterMs: number | undefined
}

/** Sends the same bytes until they are accepted or refused, or the time is over. Rejects only for a bug of this package. */
export async function sendUntil(request: Omit<HttpRequest, 'timeoutMs'>, limits: RetryLimits, settings: SendSettings): Promise<Delivery> {
  const { clock, retryHeaders } = settings
  let message = 'there was no time left'
  for (let retry = 0; ; retry++) {
    const leftMs = limits.endsMs - clock.monotonicMs()
    if (leftMs <= 0) return { kind: 'undelivered', reason: 'deadline', message, retryAfterMs: undefined }
    const headers = { ...request.headers, ...retryHeaders?.(retry) }
    const result = await sendOnce({ ...request, headers, timeoutMs: Math.min(settings.timeoutMs, leftMs) }, settings)
    if (result.kind !== 'again') return result
    message = result.message
    const delayMs = delayBeforeRetryMs(retry, result.retryAfterMs, limits, settings)
    const undelivered = { ...result, kind: 'undelivered' } as const
    if (retry + 1 >= (limits.tries ?? Infinity)) return { ...undelivered, reason: 'retries' }
    if (delayMs >= limits.endsMs - clock.monotonicMs()) return { ...undelivered, reason: 'deadline' }
    // The signal of the last export is aborted from the start.
    if (!(await pause(delayMs, clock, limits.isLast === true ? undefined : limits.signal))) return { ...undelivered, reason: 'closing' }
  }
}

async function sendOnce(
  request: HttpRequest,
  { sender, isRetryable, counts, clock, describe }: SendSettings,
): Promise<Delivery | FailedTry> {
  try {
    const reply = await sender.send(request)
    const meaning = replyMeaning(reply.status, isRetryable)
    counts.responded(meaning, sizeOf(request.body))
    if (meaning !== 'again') return { kind: meaning, reply }
    return { kind: 'again', message: describe(reply), retryAfterMs: retryAfterMs(reply.headers['retry-after'], clock.unixMs()) }
  } catch (error) {
    if (!(error instanceof SendError)) throw error
    counts.failed(error.reason)
    return { kind: 'again', message: error.message, retryAfterMs: undefined }
  }
}

/** The delay that the receiver requested, otherwise exponential backoff. Infinity if the last export cannot wait that long. */
function delayBeforeRetryMs(retry: number, requestedMs: number | undefined, { isLast }: RetryLimits, { random }: SendSettings): number {
  const maxMs = isLast === true ? MAX_LAST_DELAY_MS : MAX_DELAY_MS
  if (requestedMs === undefined) return Math.min(retryDelayMs(retry, undefined, random), maxMs)
  return isLast === true && requestedMs > maxMs ? Infinity : requestedMs
}
