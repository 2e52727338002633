/** Formats wall-clock time as an ISO string with microseconds, as in OpenCensus documents: `2020-01-02T03:04:05.000600Z`. */
export function isoMicroseconds(unixMs: number): string {
  if (!(Math.abs(unixMs) < 8.64e15)) unixMs = 0 // out of the range of Date
  let whole = Math.floor(unixMs)
  let micros = Math.round((unixMs - whole) * 1_000)
  if (micros === 1_000) {
    whole++
    micros = 0
  }
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}
