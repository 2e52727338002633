import { retryDelayMs } from '../../base/export-failure.js'
import type { Clock } from '../../base/clock.js'
import { startTimer } from '../../base/timer.js'
import { type HttpReply, type HttpRequest, type HttpSender, SendError } from './http-sender.js'
import { replyMeaning, type ReplyPolicy } from './reply-policy.js'
import { retryAfterMs } from './retry-after.js'
import type { RequestCounts } from './request-counts.js'

/** What became of bytes that were sent. */
export type Delivery =
  /** The receiver has them. */
  | { readonly kind: 'taken'; readonly reply: HttpReply }
  /** It will never take them. */
  | { readonly kind: 'refused' | 'too large'; readonly reply: HttpReply }
  /** It may take them later, or may have taken them: nobody knows. */
  | {
      readonly kind: 'undelivered'
      readonly reason: 'retries' | 'deadline' | 'closing' | 'encoding'
      readonly message: string
      readonly retryAfterMs: number | undefined
    }

/** How long bytes may be tried. */
export interface SendLimits {
  /** On the monotonic clock. */
  readonly endsMs: number
  /** Tries in all. Default: as many as there is time for. */
  readonly tries?: number
  /** Ends pauses when it is aborted, and no other try is made. */
  readonly signal?: AbortSignal | undefined
  /** If nothing will be sent after this, no pause is longer than a second. */
  readonly isLast?: boolean
}

export interface SendSettings {
  readonly sender: HttpSender
  readonly policy: ReplyPolicy
  readonly counts: RequestCounts
  readonly clock: Clock
  readonly random: () => number
  /** Time for one try. */
  readonly timeoutMs: number
  /** Describes an answer that is no success. */
  readonly describe: (reply: HttpReply) => string
  /** Headers of try number `retry`, from 0. Default: those of the request. */
  readonly retryHeaders?: (retry: number) => Readonly<Record<string, string>>
}

const LONGEST_PAUSE_MS = 5_000
const LONGEST_LAST_PAUSE_MS = 1_000

/** Sends the same bytes until they are taken or refused, or the time is over. Never rejects. */
export async function sendUntil(request: Omit<HttpRequest, 'timeoutMs'>, limits: SendLimits, settings: SendSettings): Promise<Delivery> {
  const { sender, policy, counts, clock, describe } = settings
  const bytes = request.body.reduce((sum, part) => sum + part.length, 0)
  let message = 'there was no time left'
  for (let retry = 0; ; retry++) {
    const leftMs = limits.endsMs - clock.monotonicMs()
    if (leftMs <= 0) return { kind: 'undelivered', reason: 'deadline', message, retryAfterMs: undefined }
    let askedMs: number | undefined
    try {
      const headers = { ...request.headers, ...settings.retryHeaders?.(retry) }
      const reply = await sender.send({ ...request, headers, timeoutMs: Math.min(settings.timeoutMs, leftMs) })
      const meaning = replyMeaning(reply.status, policy)
      counts.answered(meaning, bytes)
      if (meaning !== 'again') return { kind: meaning, reply }
      message = describe(reply)
      askedMs = retryAfterMs(reply.headers['retry-after'], clock.unixMs())
    } catch (error) {
      if (!(error instanceof SendError)) throw error
      counts.failed(error.reason)
      message = error.message
    }
    const delayMs = pauseMs(retry, askedMs, limits, settings)
    const undelivered = { kind: 'undelivered', message, retryAfterMs: askedMs } as const
    if (retry + 1 >= (limits.tries ?? Infinity)) return { ...undelivered, reason: 'retries' }
    if (delayMs >= limits.endsMs - clock.monotonicMs()) return { ...undelivered, reason: 'deadline' }
    if (!(await pause(delayMs, clock, limits))) return { ...undelivered, reason: 'closing' }
  }
}

/** What the receiver asks for, or a pause that grows; infinite if the last export cannot wait for so long. */
function pauseMs(retry: number, askedMs: number | undefined, { isLast }: SendLimits, { random }: SendSettings): number {
  const longestMs = isLast === true ? LONGEST_LAST_PAUSE_MS : LONGEST_PAUSE_MS
  if (askedMs === undefined) return Math.min(retryDelayMs(retry, undefined, random()), longestMs)
  return isLast === true && askedMs > longestMs ? Infinity : askedMs
}

/** Returns false if the signal ended the pause. The last export is not ended by it: its signal is aborted from the beginning. */
function pause(delayMs: number, clock: Clock, { signal, isLast }: SendLimits): Promise<boolean> {
  const ending = isLast === true ? undefined : signal
  if (ending?.aborted === true) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (isOver: boolean): void => {
      stop()
      ending?.removeEventListener('abort', abort)
      resolve(isOver)
    }
    const abort = (): void => end(false)
    const stop = startTimer(clock, delayMs, () => end(true))
    ending?.addEventListener('abort', abort)
  })
}
