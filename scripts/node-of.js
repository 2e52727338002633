// Other versions of Node, and packages that are only for them: installed once into .run, from the npm registry.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/**
 * Installs packages into a folder of `.run`, unless the last of them is there.
 * @param {string} name of the folder
 * @param {readonly string[]} packages such as `prom-client@15.1.3`
 * @returns {string} the folder
 */
export function installed(name, packages) {
  const folder = join(root, '.run', name)
  const last = packages.at(-1)?.replace(/(?<=.)@[^@]*$/, '') ?? ''
  if (existsSync(join(folder, 'node_modules', last))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  const options = ['--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder]
  const { status } = spawnSync('npm', ['install', ...options, ...packages], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`cannot install ${packages.join(', ')}`)
  return folder
}

/**
 * The program of the newest Node of a major version.
 * @param {string} major
 */
export function nodeOf(major) {
  const name = `node-${process.platform}-${process.arch}`
  return join(installed(`node-${major}`, [`${name}@${major}`]), 'node_modules', name, 'bin/node')
}
