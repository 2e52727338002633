// Changes the source in one place at a time and lists the changes that no test notices, by Stryker: `npm run test:mutants`, or
// `npm run test:mutants -- digits row-index` for files of src whose path contains one of the words (any file, then). The tests
// of a file are those of the same folder of test/. A change that cannot matter is marked at its line:
// `// Stryker disable next-line ConditionalExpression: only slower`.
import { readdirSync } from 'node:fs'
import { availableParallelism, setPriority } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'

process.chdir(fileURLToPath(new URL('../', import.meta.url)))

/** What is changed if no words are given: the path from a record to a document. */
const FOLDERS = [
  'exporters/prometheus/format',
  'metrics/labels',
  'metrics/cells',
  'metrics/store',
  'stats/recording',
  'stats/tags',
  'stats/views',
]
/** Tests in other folders that look at the same code. */
const MORE_TESTS = {
  'metrics/labels': ['test/metrics/store', 'test/metrics/instruments', 'test/stats/recording'],
  'metrics/cells': ['test/metrics/store', 'test/metrics/instruments', 'test/stats/recording'],
  'metrics/store': ['test/metrics/instruments', 'test/stats/recording'],
  'metrics/instruments': ['test/metrics/cells', 'test/metrics/store'],
  'stats/recording': ['test/stats'],
  'stats/views': ['test/stats/recording'],
}

const words = process.argv.slice(2)
const files = readdirSync('src', { recursive: true })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('index.ts'))
  .filter((name) => (words.length > 0 ? words.some((word) => name.includes(word)) : FOLDERS.includes(dirname(name))))
  .sort()
if (files.length === 0) {
  console.error(`no file to change: ${words.join(', ')}`)
  process.exit(1)
}

const folders = [...new Set(files.map((file) => dirname(file)))]
const tests = new Set(folders.flatMap((folder) => [`test/${folder}`, ...(MORE_TESTS[folder] ?? [])]))
process.env.TALLYSCOPE_MUTANT_TESTS = [...tests].join(' ')
process.env.TALLYSCOPE_TEST_SHARE = '0.01' // of the programs of the model tests
process.env.TALLYSCOPE_TEST_REGISTRIES = '20'
setPriority(10)

const stryker = new Stryker({
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'scripts/mutants/vitest.config.js', related: false },
  mutate: files.map((file) => `src/${file}`),
  coverageAnalysis: 'perTest',
  concurrency: Math.max(1, availableParallelism() - 1),
  tsconfigFile: 'none.json', // it would read tsconfig.json with the API of TypeScript 6
  tempDirName: '.run/mutants',
  ignorePatterns: ['bench', 'build', 'coverage', 'dist', 'docs', 'examples'],
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: '.run/mutants.json' },
  clearTextReporter: { logTests: false, reportTests: false, skipFull: true, allowColor: process.stdout.isTTY === true },
  testRunnerNodeArgs: ['--expose-gc'],
  ignoreStatic: true, // constants of a module: each of their mutants would need all modules loaded again
  dryRunTimeoutMinutes: 10,
})
await stryker.runMutationTest()
