// @ts-check
// The bench's output on a terminal.
/**
 * @typedef {import('./harness.js').Comparison} Comparison
 * @typedef {import('./check.js').Verdict} Verdict
 */

/** @param {Comparison} comparison */
export function printComparison({ suite, name, unit, ours, contenders, ratios }) {
  console.log(`\n${suite}: ${name}`)
  for (const [contender, { median, p25, p75, bytes, note }] of Object.entries(contenders)) {
    const columns = [
      `  ${contender.padEnd(22)}`,
      `${figure(median)} ${unit}`.padStart(12),
      `${figure(p25)} to ${figure(p75)}`.padStart(18),
      bytes === undefined ? '' : `${figure(bytes)} B`.padStart(10),
      ratios[contender] === undefined ? '' : ratioText(ours, contender, ratios[contender]),
      note ?? '',
    ]
    console.log(columns.filter((column) => column !== '').join('  '))
  }
}

/**
 * @param {string} ours
 * @param {string} peer
 * @param {import('./statistics.js').Spread} ratio
 */
function ratioText(ours, peer, { median, p25, p75 }) {
  return `${ours} ÷ ${peer} = ${quotient(median)} (${quotient(p25)} to ${quotient(p75)})`
}

/** Formats a ratio: 1/40 rather than 0.025. @param {number} ratio */
export function quotient(ratio) {
  if (!Number.isFinite(ratio)) return '–'
  if (ratio > 0 && ratio <= 0.5) return `1/${figure(1 / ratio)}`
  return figure(ratio)
}

/** Formats a number with three significant digits. @param {number} value */
export function figure(value) {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 4).replace(/\.?0+$/, '')
}

/** @param {readonly Verdict[]} verdicts */
export function printVerdicts(verdicts) {
  const run = verdicts.filter(({ outcome }) => outcome !== 'not run')
  const count = (/** @type {Verdict['outcome']} */ outcome) => verdicts.filter((verdict) => verdict.outcome === outcome).length
  console.log(
    `\n${run.length} promises measured: ${count('held')} held, ${count('within tolerance')} within tolerance, ${count('missed')} missed`,
  )
  for (const { threshold, figure: measured, outcome } of run) {
    if (outcome === 'held') continue
    const { comparison, peer, what, atMost } = threshold
    const bytes = what === 'bytes beyond'
    const told = bytes
      ? `${figure(measured)} B beyond the caller's own, at most ${figure(atMost)}`
      : `${quotient(measured)}, at most ${quotient(atMost)}`
    console.log(`  ${outcome}: ${comparison}${peer === undefined ? '' : ` ÷ ${peer}`}: ${told}`)
  }
}
