// @ts-check
// Medians and quartiles, since single samples on a shared machine are unreliable.

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} p25 A quarter of the samples are below.
 * @property {number} p75 A quarter of the samples are above.
 */

/**
 * The quantile `q` of the samples, interpolated between two samples.
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
 * Ours ÷ theirs: the ratio of the medians, which is what is promised, and the quartiles of the ratios round by round, which show how
 * reliable it is.
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs Sampled in the same rounds.
 * @returns {Spread}
 */
export function ratio(ours, theirs) {
  const rounds = ours.slice(0, theirs.length).map((value, at) => value / (theirs[at] ?? Number.NaN))
  return { median: median(ours) / median(theirs), p25: quantile(rounds, 0.25), p75: quantile(rounds, 0.75) }
}

/**
 * The slope and intercept of a linear regression.
 * @param {readonly (readonly [number, number])[]} points
 */
export function line(points) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const varianceX = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / varianceX
  return { slope, start: meanY - slope * meanX }
}
