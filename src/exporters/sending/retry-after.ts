const LONGEST_MS = 60_000

/**
 * The delay in the header `retry-after`, in milliseconds, at most a minute. Returns undefined if there is no such header, or its value is
 * negative, in the past, or neither a number nor a date.
 */
export function retryAfterMs(header: string | undefined | null, nowUnixMs: number): number | undefined {
  if (header == null) return undefined
  const text = header.trim()
  // Date.parse would read "-1" as a year.
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : /^[a-z]/i.test(text) ? Date.parse(text) - nowUnixMs : Number.NaN
  return waitMs >= 0 ? Math.min(waitMs, LONGEST_MS) : undefined
}
