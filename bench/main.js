// @ts-check
// npm run bench [-- --full | --smoke] [--only=part of a name] [--json=file] [--check]
import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { best, judge } from './check.js'
import { machine, versions } from './machine.js'
import { printComparison, printVerdicts } from './print.js'
import { suitesFor } from './suites.js'

/** @typedef {import('./harness.js').Comparison} Comparison */

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const mode = options.full ? 'full' : options.smoke ? 'smoke' : options.check ? 'check' : 'quick'

/**
 * @param {string} suite
 * @param {string} only
 * @param {Comparison[]} comparisons Where the suite's results are added.
 * @returns {Promise<void>}
 */
function runSuite(suite, only, comparisons) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('suite-process.js', import.meta.url)), [suite, mode, only], {
      // Room for the objects of a thousand calls between two collections: V8 starts smaller, and grows to this by itself.
      execArgv: ['--expose-gc', '--min-semi-space-size=16', '--max-old-space-size=8192'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    child.on('message', (/** @type {{ comparison: Comparison }} */ { comparison }) => {
      comparisons.push(comparison)
      printComparison(comparison)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`the suite ${suite} ended with ${signal ?? code}`))
    })
  })
}

if (options.json !== undefined) mkdirSync(dirname(options.json), { recursive: true })
const started = performance.now()
/** @type {Comparison[]} */
const comparisons = []
const facts = { ...machine(), versions: versions(), mode, command: ['npm run bench --', ...process.argv.slice(2)].join(' ') }
console.log(`${facts.cpu}, ${facts.cores} cores, ${facts.memoryGiB} GiB, ${facts.system}, Node ${process.version}, ${mode} mode`)
console.log(
  Object.entries(facts.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
)
const failures = []
for (const { name } of suitesFor(options.only)) {
  try {
    await runSuite(name, options.only, comparisons)
  } catch (error) {
    failures.push(name)
    console.error(error instanceof Error ? error.message : error)
  }
}
let verdicts = judge(comparisons)
if (options.check) {
  // What was missed is measured once more: a machine that others use too is wild at times, a slow library is slow each time.
  const missed = new Set(verdicts.filter(({ outcome }) => outcome === 'missed').map(({ threshold }) => threshold.comparison))
  const again = comparisons.filter(({ name }) => missed.has(name))
  if (again.length > 0) console.log(`\nmeasured once more: ${again.length}`)
  for (const { suite, name } of again) await runSuite(suite, `${suite}: ${name}`, comparisons)
  verdicts = best(verdicts, judge(comparisons.toReversed()))
}
printVerdicts(verdicts)
console.log(`\n${Math.round((performance.now() - started) / 1e3)} s`)
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ ...facts, date: new Date().toISOString(), comparisons, verdicts }, null, 1)}\n`)
}
const missed = verdicts.some(({ outcome }) => outcome === 'missed' || (outcome === 'not run' && options.only === ''))
if (failures.length > 0 || (options.check && missed)) process.exitCode = 1
