// The whole figures of the tests that do less in the daily run: all files that ask test/faults/amount.ts how much they shall do,
// and the random registries. `npm run test:long`, or `npm run test:long -- headers record` for files whose path contains one of the words.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const figures = join(root, '.run/figures.jsonl')
const words = process.argv.slice(2)

const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((name) => `test/${name}`)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => /\/amount\.js'|TALLYSCOPE_TEST_REGISTRIES/.test(readFileSync(join(root, name), 'utf8')))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`no such test takes an amount: ${words.join(', ')}`)
  process.exit(1)
}

mkdirSync(join(root, '.run'), { recursive: true })
rmSync(figures, { force: true })
const env = { ...process.env, TALLYSCOPE_LONG: 'true', TALLYSCOPE_FIGURES: figures, TALLYSCOPE_TEST_REGISTRIES: '100000' }
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const settings = ['--reporter=verbose', '--testTimeout=3600000', '--hookTimeout=600000']
const { status } = spawnSync(process.execPath, [vitest, 'run', ...settings, ...files], { cwd: root, env, stdio: 'inherit' })

if (existsSync(figures)) {
  console.log('\n| goal | seen |\n| --- | --- |')
  for (const line of readFileSync(figures, 'utf8').trim().split('\n')) {
    const { goal, seen } = JSON.parse(line)
    console.log(`| ${goal} | ${seen} |`)
  }
}
process.exitCode = status ?? 1
