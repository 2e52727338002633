// Runs the tests on several versions of Node, whose programs come as npm packages: `npm run test:nodes -- 22 24`.
// Tests of the house, of speed, and those that start installed servers are left out: they would show nothing about Node.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const majors = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const vitestArguments = process.argv.slice(2).filter((argument) => !/^\d+$/.test(argument))

/** The newest Node of a major version, installed once into .run. */
function nodeOf(major) {
  const folder = join(root, `.run/node-${major}`)
  const name = `node-${process.platform}-${process.arch}`
  const program = join(folder, 'node_modules', name, 'bin/node')
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
    const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${major}`], {
      stdio: 'inherit',
    })
    if (status !== 0) throw new Error(`cannot install ${name}@${major}`)
  }
  return program
}

for (const major of majors.length > 0 ? majors : ['20', '22', '24']) {
  const node = nodeOf(major)
  console.log(`\nNode ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const tests = [
    'run',
    '--reporter=default',
    '--exclude',
    'test/prometheus-real/**',
    '--exclude',
    'test/house/**',
    '--exclude',
    'test/bench/**',
    ...vitestArguments,
  ]
  const env = { ...process.env, PATH: `${join(node, '..')}:${process.env.PATH}` }
  if (spawnSync(node, [vitest, ...tests], { cwd: root, env, stdio: 'inherit' }).status !== 0) process.exitCode = 1
}
