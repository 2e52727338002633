import type { ExportError } from '../base/errors.js'

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
const JITTER = 0.2
const LONGEST_ASKED_MS = 60_000

/**
 * How long to wait before try number `retry` (from 0): what the destination asks for, at most 60 s, or else
 * 1 s doubled each time, at most 30 s, give or take a fifth, so that a thousand clients do not come back at once.
 *
 * @param random A number from 0 to 1.
 */
export function retryDelayMs(retry: number, error: unknown, random: number): number {
  const askedMs = (error as Partial<ExportError> | undefined)?.retryAfterMs
  if (typeof askedMs === 'number' && askedMs >= 0) return Math.min(askedMs, LONGEST_ASKED_MS)
  return Math.min(FIRST_MS * 2 ** retry, LONGEST_MS) * (1 - JITTER + 2 * JITTER * random)
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

/** Whether the same batch may be taken later: an error's own word (`retryable`), or a fault of the network, as `fetch` has it. */
export function isRetryable(error: unknown): boolean {
  try {
    const { retryable, code, cause } = (error ?? {}) as { retryable?: unknown; code?: unknown; cause?: { code?: unknown } }
    if (typeof retryable === 'boolean') return retryable
    return NETWORK.has(code) || NETWORK.has(cause?.code)
  } catch {
    return false
  }
}

/** How many of a batch's items an error says arrived all the same. */
export function deliveredOf(error: unknown, batch: number): number {
  const delivered = error instanceof Error ? (error as Partial<ExportError>).delivered : undefined
  return typeof delivered === 'number' && delivered > 0 ? Math.min(Math.trunc(delivered), batch) : 0
}
