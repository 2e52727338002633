// Changes the source in one place at a time and sees whether a test fails: `npm run test:mutants`, or `npm run test:mutants -- digits
// row-index` for files whose path contains one of the words; all take about ten minutes, and each half minute it says how far
// it is. What survives is listed by file and line; a loop that does not end counts as killed. What is known to mean the same
// (mutants/same-meaning.js) is not tried, unless `--all` is given. All happens in a copy below the folder for temporary files, in
// one worker, at low priority.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeMutants } from './mutants/make-mutants.js'
import { SAME_MEANING } from './mutants/same-meaning.js'

const root = fileURLToPath(new URL('../', import.meta.url))
const exposition = (...names) => names.map((name) => `test/exporters/prometheus/${name}.test.ts`)
const metrics = (...names) => names.map((name) => `test/metrics/${name}.test.ts`)
const FORMATS = [
  ...exposition(
    'digits',
    'numbers',
    'names',
    'protobuf-writer',
    'text',
    'openmetrics',
    'protobuf',
    'encoders',
    'openmetrics-rows',
    'out-chunks',
    'document-families',
    'negotiation',
  ),
  'test/faults/registration.test.ts',
  ...exposition('stream-text', 'row-documents', 'random-registries'),
]

/** Which tests are to notice a change in which files, the closest first. */
const GROUPS = [
  {
    name: 'serialisers',
    sources:
      /^src\/exporters\/prometheus\/(digits|escape|numbers|names|label-pairs|sample-line|out-chunks|exemplar-text|family-text|document-families|text|text-encoder|.*-page|openmetrics.*|protobuf.*)\.ts$/,
    tests: FORMATS,
  },
  { name: 'rows', sources: /^src\/metrics\/bucket-search\.ts$/, tests: metrics('bucket-search') },
  {
    name: 'rows',
    // Without read-label and text-table: any place reads alike, and any choice of letters finds the same or nothing.
    sources: /^src\/metrics\/(row-index|row-places|label|label-text)\.ts$/,
    tests: metrics('label-text', 'limits', 'label', 'row-places', 'row-index', 'row-store'),
  },
  {
    name: 'rows',
    sources: /^src\/metrics\/((sum|last-value|distribution|sketch|borrowed)-cells|exemplars|sparse-buckets)\.ts$/,
    tests: metrics('cells', 'borrowed-cells', 'sparse-buckets', 'sketch-cells', 'exponential-data', 'exponential-histogram'),
  },
  {
    name: 'rows',
    sources: /^src\/metrics\/(chunks|memory|epoch-log)\.ts$/,
    tests: metrics('chunks', 'memory', 'epoch-log'),
  },
  {
    name: 'rows',
    sources: /^src\/metrics\/(row-store|store-chunk|column-source|row-source|series-place|snapshot)\.ts$/,
    tests: [
      ...metrics('store-chunk', 'series-place', 'row-store', 'gauge', 'column-source', 'snapshot'),
      'test/stats/recording/record.test.ts',
    ],
  },
]
/** A run of a file with a mutant that takes longer is ended, and the mutant counts as killed. */
const MOST_MS = 30_000

/** Tests that take longer are left out for mutants that others reach; `--all` runs them too, and mutants known to mean the same. */
const SLOW_MS = 2_000

/** How often it says how far it is. */
const EACH_MS = 30_000

const all = process.argv.includes('--all')
const words = process.argv.slice(2).filter((word) => word !== '--all')
const sources = readdirSync(join(root, 'src'), { recursive: true })
  .map((name) => `src/${name}`)
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .flatMap((name) => GROUPS.filter((group) => group.sources.test(name)).map((group) => ({ name, group })))
  .sort((a, b) => (a.name < b.name ? -1 : 1))
if (sources.length === 0) {
  console.error(`no file to change: ${words.join(', ')}`)
  process.exit(1)
}

setPriority(10)
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'tallyscope-mutants-')))
const journal = join(copy, 'journal')
for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
  cpSync(join(root, name), join(copy, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
symlinkSync(join(root, 'scripts'), join(copy, 'scripts'))

const mutants = []
for (const { name, group } of sources) {
  const source = readFileSync(join(copy, name), 'utf8')
  const { text, mutants: made } = makeMutants(source, mutants.length + 1)
  writeFileSync(join(copy, name), text)
  for (const mutant of made) mutants.push({ ...mutant, source: name, group: group.name })
}
const known = new Set(SAME_MEANING.flatMap(({ file, lines }) => lines.map((line) => `${file}: ${line}`)))
const nameOf = ({ source, code }) => `${source}: ${code}`
if (!all) {
  // Where no other mutant reads the same, one that is known to mean the same need not be tried.
  const times = new Map()
  for (const mutant of mutants) times.set(nameOf(mutant), (times.get(nameOf(mutant)) ?? 0) + 1)
  for (const mutant of mutants) mutant.isLeft = known.has(nameOf(mutant)) && times.get(nameOf(mutant)) === 1
}
const tests = Object.fromEntries(sources.map(({ name, group }) => [name, group.tests]))
/** All of them, each as late as any group wants it, so that the closest come first for every mutant. */
const testFiles = [...new Set(GROUPS.flatMap((group) => group.tests))]
  .filter((file) => sources.some(({ group }) => group.tests.includes(file)))
  .map((file) => ({ file, place: Math.max(...GROUPS.map((group) => group.tests.indexOf(file))) }))
  .sort((a, b) => a.place - b.place)
  .map(({ file }) => file)
writeFileSync(journal, '')
writeFileSync(join(copy, 'mutants.json'), JSON.stringify({ mutants, tests, journal, slowMs: all ? 1e9 : SLOW_MS }))
writeFileSync(
  join(copy, 'chance.js'),
  `import fc from 'fast-check'\nfc.configureGlobal({ seed: 1, endOnFailure: true })\n`, // the same mutants die in every run
)
writeFileSync(
  join(copy, 'vitest.mutants.config.js'),
  `import base from './vitest.config.ts'
import { readFileSync } from 'node:fs'
// Those that have tried all mutants, before a run that was ended, need not run again.
const done = readFileSync(${JSON.stringify(journal)}, 'utf8').split('\\n').filter(Boolean).map((line) => JSON.parse(line))
  .filter(({ what }) => what === 'done').map(({ file }) => file)
const files = ${JSON.stringify(testFiles)}.filter((file) => !done.includes(file))
class InOrder {
  shard(specs) { return specs }
  sort(specs) {
    const place = ({ moduleId }) => files.findIndex((file) => moduleId.endsWith(file))
    return [...specs].sort((a, b) => place(a) - place(b))
  }
}
export default {
  oxc: base.oxc,
  resolve: base.resolve,
  test: {
    include: files,
    runner: './scripts/mutants/runner.js',
    setupFiles: ['./chance.js'],
    sequence: { sequencer: InOrder },
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    testTimeout: 20_000,
    execArgv: ['--expose-gc', '--max-old-space-size=2048'],
    reporters: ['default'],
  },
}
`,
)

const eventsOf = () =>
  readFileSync(journal, 'utf8')
    .split('\n')
    .slice(0, -1) // a line that is being written has no end yet
    .filter(Boolean)
    .map((line) => JSON.parse(line))

const started = performance.now()
let nextWord = EACH_MS
/** Says now and then how far it is. */
function tellProgress(events) {
  const time = performance.now() - started
  if (time < nextWord) return
  nextWord = time + EACH_MS
  const ended = new Map(events.filter(({ what }) => ['killed', 'stuck', 'survived'].includes(what)).map(({ id, what }) => [id, what]))
  const killed = [...ended.values()].filter((what) => what !== 'survived').length
  const done = new Set(events.filter(({ what }) => what === 'done').map(({ file }) => file))
  const file = testFiles.find((name) => !done.has(name)) ?? testFiles.at(-1)
  const at = testFiles.indexOf(file) + 1
  console.error(
    `${Math.round(time / 1e3)} s: ${killed} of ${mutants.length} killed, ${ended.size - killed} alive so far, in ${file} (${at} of ${testFiles.length})`,
  )
}

/** Runs all files, and gives the mutant that stopped it, undefined once it came to its end. */
async function runTests() {
  const vitest = [join(copy, 'node_modules/vitest/vitest.mjs'), 'run', '--root', copy, '--config', join(copy, 'vitest.mutants.config.js')]
  const env = { ...process.env, TALLYSCOPE_MUTANTS: join(copy, 'mutants.json'), TALLYSCOPE_TEST_REGISTRIES: '20' }
  const child = spawn(process.execPath, vitest, { cwd: copy, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const kill = () => process.kill(-Number(child.pid), 'SIGKILL') // the group: vitest's worker too
  const stop = () => {
    kill()
    rmSync(copy, { recursive: true, force: true })
    process.exit(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = new Promise((resolve) => child.once('close', resolve))
  let last
  let since = performance.now()
  for (;;) {
    const done = await Promise.race([ended.then(() => true), sleep(500).then(() => false)])
    const events = eventsOf()
    const event = events.at(-1)
    tellProgress(events)
    if (JSON.stringify(event) !== last) since = performance.now()
    last = JSON.stringify(event)
    if (!done && (event?.what !== 'begun' || performance.now() - since < MOST_MS)) continue
    if (!done) kill()
    await ended
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop)
    if (process.env.TALLYSCOPE_MUTANTS_OUTPUT) writeFileSync(process.env.TALLYSCOPE_MUTANTS_OUTPUT, output)
    if (event?.what === 'begun') return event
    const seen = new Set(eventsOf().flatMap(({ what, file }) => (what === 'done' ? [file] : [])))
    if (testFiles.some((file) => !seen.has(file))) throw new Error(`not all tests have run\n${output}`)
    return undefined
  }
}

for (let stuck = await runTests(); stuck !== undefined; stuck = await runTests()) {
  writeFileSync(journal, `${JSON.stringify({ ...stuck, what: 'stuck' })}\n`, { flag: 'a' })
}
const events = eventsOf()
if (process.env.TALLYSCOPE_MUTANTS_OUTPUT) cpSync(journal, process.env.TALLYSCOPE_MUTANTS_OUTPUT + '.journal')
rmSync(copy, { recursive: true, force: true })

const stateOf = new Map()
for (const { what, id, test } of events) if (id !== undefined && what !== 'begun') stateOf.set(id, { what, test })
for (const mutant of mutants) {
  const { what = 'not reached', test } = stateOf.get(mutant.id) ?? {}
  mutant.state = (what === 'survived' || what === 'not reached') && known.has(nameOf(mutant)) ? 'same meaning' : what
  if (test !== undefined) mutant.test = test
}

const percent = (part, whole) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`)
function row(name, some) {
  const count = (...states) => some.filter(({ state }) => states.includes(state)).length
  const killed = count('killed', 'stuck')
  const same = count('same meaning')
  const score = percent(killed, some.length - same)
  return `| ${name} | ${some.length} | ${killed} | ${count('stuck')} | ${count('survived', 'not reached')} | ${same} | ${score} | ${percent(killed, some.length)} |`
}
for (const { source, line, code, state } of mutants) {
  if (state === 'survived' || state === 'not reached')
    console.log(`${source}:${line}  ${code}${state === 'survived' ? '' : '  (no test gets here)'}`)
}
console.log('\n| file | mutants | killed | of them stuck | survived | same meaning | score | with same meaning |')
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
for (const { name } of sources)
  console.log(
    row(
      name,
      mutants.filter(({ source }) => source === name),
    ),
  )
for (const name of new Set(sources.map(({ group }) => group.name)))
  console.log(
    row(
      name,
      mutants.filter(({ group }) => group === name),
    ),
  )
console.log(`\n${mutants.length} mutants, ${Math.round((performance.now() - started) / 1e3)} s`)
for (const { file } of events.filter(({ what }) => what === 'fails')) {
  console.error(`${file} fails without a mutant: it was left out`)
  process.exitCode = 1
}
const made = new Set(mutants.map(nameOf))
const unused = [...known].filter((entry) => !made.has(entry) && sources.some(({ name }) => entry.startsWith(`${name}: `)))
if (unused.length > 0) console.error(`same-meaning.js names what is no mutant any more:\n${unused.join('\n')}`)
mkdirSync(join(root, '.run'), { recursive: true })
writeFileSync(join(root, '.run/mutants.json'), JSON.stringify(mutants, null, 1))
