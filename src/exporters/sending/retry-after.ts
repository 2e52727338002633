const LONGEST_MS = 60_000

/**
 * The delay in the header `retry-after`, in milliseconds, at most a minute. Returns undefined if there is no such header, or its value is
 * negative, in the past, or neither a number nor a date.
 */
export function retryAfterMs(header: string | undefined | null, nowUnixMs: number): number | undefined {
  if (header == null) return undefined
  const text = header.trim()
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : unixMsOf(text) - nowUnixMs
  return waitMs >= 0 ? Math.min(waitMs, LONGEST_MS) : undefined
}

/** The three forms of dates in HTTP, all of them in GMT, which the oldest does not name. Date.parse reads much else, such as "-1" as a year. */
const DATE = /^[a-z]{3,9},? [\w -]* ?\d\d:\d\d:\d\d(?: \d{4}| GMT)$/i

function unixMsOf(date: string): number {
  if (!DATE.test(date)) return Number.NaN
  return Date.parse(date.endsWith('GMT') ? date : `${date} GMT`)
}
