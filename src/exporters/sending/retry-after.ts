const LONGEST_MS = 60_000

/**
 * How long the receiver asks to be left alone, in milliseconds, at most a minute; undefined if it does not say so, or in a way that
 * makes no sense: negative, in the past, no number and no date.
 */
export function retryAfterMs(header: string | undefined | null, nowUnixMs: number): number | undefined {
  if (header === undefined || header === null) return undefined
  const text = header.trim()
  // Date.parse would take "-1" for a year.
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : /^[a-z]/i.test(text) ? Date.parse(text) - nowUnixMs : Number.NaN
  return waitMs >= 0 ? Math.min(waitMs, LONGEST_MS) : undefined
}
