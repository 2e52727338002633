import { type ExportError, TransportError } from './errors.js'

/** What a transport needs to know of whatever an exporter threw or rejected with. */
export interface ExportFailure {
  /** The exporter can never work again. */
  readonly isFinal: boolean
  /** The rest of the batch may be taken later. */
  readonly isRetryable: boolean
  /** How many items of the batch arrived all the same. */
  readonly delivered: number
  /** How long the destination wants the next attempt to wait, if known. */
  readonly retryAfterMs: number | undefined
}

/** Codes of faults on the way, which have nothing to do with what was sent. */
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
 * Reads an error, of this library or any other: its own word (`retryable`), or a fault of the network, as `fetch` has it.
 * Never throws, not even for errors that cannot be read.
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
const LONGEST_ASKED_MS = 60_000

/**
 * The pause before attempt number `retry` (from 0): what the destination requested, at most 60 s, or else
 * 1 s doubled each time, at most 30 s, give or take a fifth, so that a thousand clients do not come back at once.
 *
 * @param random A number from 0 to 1.
 */
export function retryDelayMs(retry: number, retryAfterMs: number | undefined, random: number): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, LONGEST_ASKED_MS)
  return Math.round(Math.min(FIRST_MS * 2 ** retry, LONGEST_MS) * (1 - JITTER + 2 * JITTER * random))
}
