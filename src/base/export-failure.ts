import { type ExportError, TransportError } from './errors.js'

/** The properties of an export error that a transport uses. */
export interface ExportFailure {
  /** True if the exporter can never work again. */
  readonly isFinal: boolean
  /** True if the rest of the batch may be accepted later. */
  readonly isRetryable: boolean
  /** How many items of the batch were delivered. */
  readonly delivered: number
  /** How long to wait before the next attempt, if the destination requested it. */
  readonly retryAfterMs: number | undefined
}

/** Codes of network errors, which do not depend on what was sent. */
const NETWORK: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
])

/**
 * Reads an error of this library or of any other. It can be retried if its property `retryable` is true, or if it is a network error, such
 * as one of `fetch`. Never throws, even if the error's getters do.
 */
export function exportFailure(error: unknown, batch: number): ExportFailure {
  try {
    const { retryable, delivered, retryAfterMs, code, cause } = (error ?? {}) as Partial<ExportError> & { cause?: { code?: unknown } }
    const isSensible = typeof retryAfterMs === 'number' && retryAfterMs >= 0
    return {
      isFinal: TransportError.is(error),
      isRetryable: typeof retryable === 'boolean' ? retryable : NETWORK.has(code) || NETWORK.has(cause?.code),
      delivered: typeof delivered === 'number' && delivered > 0 ? Math.min(Math.trunc(delivered), batch) : 0,
      retryAfterMs: isSensible ? retryAfterMs : undefined,
    }
  } catch {
    return { isFinal: false, isRetryable: false, delivered: 0, retryAfterMs: undefined }
  }
}

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
const JITTER = 0.2
const LONGEST_REQUESTED_MS = 60_000

/**
 * The delay before attempt number `retry` (from 0): what the destination requested, at most 60 s; otherwise exponential backoff from 1 s to
 * 30 s, plus or minus 20 %, so that a thousand clients do not retry at the same time.
 *
 * @param random Returns a number from 0 to 1. There is no jitter if it does not.
 */
export function retryDelayMs(retry: number, retryAfterMs: number | undefined, random: () => number): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, LONGEST_REQUESTED_MS)
  return Math.round(Math.min(FIRST_MS * 2 ** retry, LONGEST_MS) * (1 - JITTER + 2 * JITTER * fractionOf(random)))
}

/** The option of an application may throw, and the delay of a retry is not worth a rejection. */
function fractionOf(random: () => number): number {
  try {
    const fraction = random()
    return fraction >= 0 && fraction <= 1 ? fraction : 0.5
  } catch {
    return 0.5
  }
}
