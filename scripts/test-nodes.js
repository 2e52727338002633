// Runs the tests on several versions of Node, whose programs come as npm packages: `npm run test:nodes -- 22 24`.
// Leaves out tests of the repository, of speed, and of installed servers, which do not depend on the version of Node.
// `--quick` leaves out what takes long for its amounts, which are the same on every version, and what watches the time.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeOf } from './node-of.js'

const root = fileURLToPath(new URL('../', import.meta.url))
const majors = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const quick = process.argv.includes('--quick')
const vitestArguments = process.argv.slice(2).filter((argument) => !/^\d+$/.test(argument) && argument !== '--quick')

const LEFT_OUT = /^test\/(prometheus-real|house|bench|consumer)\//
const SLOW =
  /^test\/(faults|vectors|docs)\/|^test\/readme|-process\.test|-under-load\.test|random-registries|row-(index|store|documents)|record-(memory|accounting)|hdr-percentiles|two-services/

const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((name) => `test/${name}`)
  .filter((name) => name.endsWith('.test.ts') && !LEFT_OUT.test(name) && !(quick && SLOW.test(name)))
  .sort()

for (const major of majors.length > 0 ? majors : ['20', '22', '24']) {
  const node = nodeOf(major)
  console.log(`\nNode ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const results = join(root, `.run/node-${major}.json`)
  rmSync(results, { force: true })
  const tests = ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${results}`, ...files, ...vitestArguments]
  const env = { ...process.env, PATH: `${join(node, '..')}:${process.env.PATH}` }
  const started = performance.now()
  const { status } = spawnSync(node, [vitest, ...tests], { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
  const { numPassedTests = 0, numFailedTests = 0 } = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {}
  const seconds = Math.round((performance.now() - started) / 1e3)
  console.log(`Node ${major}: ${numPassedTests} passed, ${numFailedTests} failed, ${files.length} files, ${seconds} s`)
}
