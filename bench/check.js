// @ts-check
// Compares the measured figures with the promised ones.
import { THRESHOLDS, TOLERANCE } from './thresholds.js'

/**
 * @typedef {import('./harness.js').Comparison} Comparison
 * @typedef {import('./thresholds.js').Threshold} Threshold
 * @typedef {object} Verdict
 * @property {Threshold} threshold
 * @property {number} figure
 * @property {'held' | 'within tolerance' | 'missed' | 'not run'} outcome Of the promise.
 * @property {'reached' | 'missed'} [aim] Whether the threshold's aim is reached; absent if it has none.
 */

/**
 * @param {readonly Comparison[]} comparisons
 * @param {readonly Threshold[]} [thresholds]
 * @returns {Verdict[]}
 */
export function judge(comparisons, thresholds = THRESHOLDS) {
  return thresholds.map((threshold) => {
    const comparison = comparisons.find(({ name }) => name === threshold.comparison)
    const figure = comparison === undefined ? Number.NaN : figureOf(comparison, threshold)
    const { atMost, aim } = threshold
    return {
      threshold,
      figure,
      outcome: outcomeOf(figure, atMost),
      ...(aim !== undefined && { aim: figure <= aim ? 'reached' : 'missed' }),
    }
  })
}

/**
 * @param {Comparison} comparison
 * @param {Threshold} threshold
 */
function figureOf({ ours: name, contenders, ratios }, { peer, what = 'time' }) {
  const ours = contenders[name]
  if (what === 'bytes beyond') {
    const callers = peer === undefined ? 0 : (contenders[peer]?.bytes ?? Number.NaN)
    return Math.max(0, (ours?.bytes ?? Number.NaN) - callers)
  }
  return (peer === undefined ? ours : ratios[peer])?.median ?? Number.NaN
}

/**
 * @param {number} figure NaN where there is none.
 * @param {number} atMost
 * @returns {Verdict['outcome']}
 */
function outcomeOf(figure, atMost) {
  if (Number.isNaN(figure)) return 'not run'
  if (figure <= atMost) return 'held'
  return figure <= atMost * (1 + TOLERANCE) ? 'within tolerance' : 'missed'
}

const ORDER = /** @type {const} */ (['held', 'within tolerance', 'missed', 'not run'])

/**
 * Of two verdicts on each promise the better one.
 * @param {readonly Verdict[]} first
 * @param {readonly Verdict[]} second The same promises in the same order.
 * @returns {Verdict[]}
 */
export function best(first, second) {
  return first.map((verdict, at) => {
    const other = second[at] ?? verdict
    return ORDER.indexOf(other.outcome) < ORDER.indexOf(verdict.outcome) ? other : verdict
  })
}
