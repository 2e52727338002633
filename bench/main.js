// @ts-check
// npm run bench [-- --full | --smoke] [--only=part of a name] [--json=file] [--check] [--node=24]
import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { best, judge } from './check.js'
import { machine, versions } from './machine.js'
import { PEERS_24, SUITES_24 } from './node-24/peers.js'
import { printComparison, printVerdicts } from './print.js'
import { suitesFor } from './suites.js'
import { THRESHOLDS } from './thresholds.js'
import { installed, nodeOf } from '../scripts/node-of.js'

/** @typedef {import('./harness.js').Comparison} Comparison */

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    node: { type: 'string' },
  },
})
if (options.node !== undefined && options.node !== '24') throw new Error(`there are peers for --node=24, not for ${options.node}`)
const on24 = options.node === '24'
const node = on24 ? nodeOf('24') : process.execPath
const peers = on24
  ? installed(
      'peers-24',
      Object.entries(PEERS_24).map(([name, version]) => `${name}@${version}`),
    )
  : undefined
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
      // Room for the objects of a thousand calls between two collections. V8 starts with a smaller size and would grow to this one.
      execArgv: [
        '--expose-gc',
        '--min-semi-space-size=16',
        '--max-old-space-size=8192',
        ...(on24 ? ['--import', new URL('node-24/use-peers.js', import.meta.url).href] : []),
      ],
      execPath: node,
      env: { ...process.env, NODE_OPTIONS: '', ...(peers !== undefined && { TALLYSCOPE_BENCH_PEERS: peers }) },
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
const facts = {
  ...machine(node),
  versions: on24 ? { ...versions(), ...PEERS_24 } : versions(),
  mode,
  command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
}
console.log(`${facts.cpu}, ${facts.cores} cores, ${facts.memoryGiB} GiB, ${facts.system}, Node ${facts.node}, ${mode} mode`)
console.log(
  Object.entries(facts.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
)
const failures = []
const promises = THRESHOLDS.filter((threshold) => (threshold.node ?? '20') === (on24 ? '24' : '20'))
for (const { name } of suitesFor(options.only)) {
  if (on24 && !SUITES_24.includes(name)) continue
  try {
    await runSuite(name, options.only, comparisons)
  } catch (error) {
    failures.push(name)
    console.error(error instanceof Error ? error.message : error)
  }
}
let verdicts = judge(comparisons, promises)
if (options.check) {
  // Missed promises are measured again: a shared machine is slow sometimes, a slow library is slow each time.
  const missed = new Set(verdicts.filter(({ outcome }) => outcome === 'missed').map(({ threshold }) => threshold.comparison))
  const again = comparisons.filter(({ name }) => missed.has(name))
  if (again.length > 0) console.log(`\nmeasured once more: ${again.length}`)
  for (const { suite, name } of again) await runSuite(suite, `${suite}: ${name}`, comparisons)
  verdicts = best(verdicts, judge(comparisons.toReversed(), promises))
}
printVerdicts(verdicts)
console.log(`\n${Math.round((performance.now() - started) / 1e3)} s`)
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ ...facts, date: new Date().toISOString(), comparisons, verdicts }, null, 1)}\n`)
}
const missed = verdicts.some(({ outcome }) => outcome === 'missed' || (outcome === 'not run' && options.only === ''))
if (failures.length > 0 || (options.check && missed)) process.exitCode = 1
