// @ts-check
// The few statistics that the bench needs: medians and quartiles, since single samples of a shared machine are wild.

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} p25 A quarter of the samples are below.
 * @property {number} p75 A quarter of the samples are above.
 */

/**
 * The value below which the share `q` of the samples lies, between two samples by their distance.
 * @param {readonly number[]} samples
 * @param {number} q From 0 to 1.
 */
export function quantile(samples, q) {
  if (samples.length === 0) return Number.NaN
  const sorted = [...samples].sort((a, b) => a - b)
  const place = (sorted.length - 1) * q
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** @param {readonly number[]} samples */
export function median(samples) {
  return quantile(samples, 0.5)
}

/**
 * @param {readonly number[]} samples
 * @returns {Spread}
 */
export function spread(samples) {
  return { median: median(samples), p25: quantile(samples, 0.25), p75: quantile(samples, 0.75) }
}

/**
 * Ours ÷ theirs: of the medians, which is what is promised, and the quartiles of the quotients taken round by round, which
 * tell how sure it is.
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs Sampled in the same rounds.
 * @returns {Spread}
 */
export function ratio(ours, theirs) {
  const rounds = ours.slice(0, theirs.length).map((value, at) => value / (theirs[at] ?? Number.NaN))
  return { median: median(ours) / median(theirs), p25: quantile(rounds, 0.25), p75: quantile(rounds, 0.75) }
}

/**
 * The slope of the straight line that fits best, and what it says at 0.
 * @param {readonly (readonly [number, number])[]} points
 */
export function line(points) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const varianceX = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / varianceX
  return { slope, start: meanY - slope * meanX }
}
