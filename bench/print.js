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

/**
 * The threshold's aim, its promise and what was measured, as they are printed.
 * @param {Verdict} verdict
 */
export function verdictTexts({ threshold, figure: measured }) {
  const { peer, what, unit, atMost, aim } = threshold
  const isBytes = what === 'bytes beyond'
  const text = (/** @type {number} */ value) => {
    if (isBytes) return `${figure(value)} B`
    return peer === undefined ? `${figure(value)} ${unit ?? ''}` : quotient(value)
  }
  return {
    against: isBytes ? "bytes beyond the caller's own" : (peer ?? '–'),
    aim: aim === undefined ? '' : text(aim),
    atMost: isBytes ? '0 B' : text(atMost),
    measured: text(measured ?? Number.NaN),
  }
}

/** @param {readonly Verdict[]} verdicts */
export function printVerdicts(verdicts) {
  const run = verdicts.filter(({ outcome }) => outcome !== 'not run')
  const count = (/** @type {Verdict['outcome']} */ outcome) => run.filter((verdict) => verdict.outcome === outcome).length
  const aimed = run.filter(({ aim }) => aim !== undefined)
  const missed = aimed.filter(({ aim }) => aim === 'missed').length
  console.log(
    `\n${run.length} promises measured: ${count('held')} held, ${count('within tolerance')} within tolerance, ${count('missed')} missed`,
  )
  if (aimed.length > 0) console.log(`${aimed.length} of them aim lower: ${missed} aims missed (see bench/notes/profile.md)`)
  for (const verdict of run) {
    const { threshold, outcome } = verdict
    const { against, aim, atMost, measured } = verdictTexts(verdict)
    if (outcome === 'held' && verdict.aim === undefined) continue
    const what = threshold.what === 'bytes beyond' ? `, ${against}` : threshold.peer === undefined ? '' : ` ÷ ${against}`
    const aimText = verdict.aim === undefined ? '' : `; aim ${aim} ${verdict.aim}`
    console.log(`  ${outcome}: ${threshold.comparison}${what}: ${measured}, at most ${atMost}${aimText}`)
  }
}
