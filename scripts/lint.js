// Everything that `npm run lint` looks at, each with its own output; fails when any of them does.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFaults } from './boundaries.js'
import { manifestAgrees } from './entries.js'

const root = fileURLToPath(new URL('../', import.meta.url))

function run(tool, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0))
  })
}

const faults = findFaults(join(root, 'src')).map((fault) => `src/${fault}`)
if (!manifestAgrees()) faults.push('package.json: exports do not agree with the entry files: npm run entries')
for (const fault of faults) console.error(fault)
console.log(`boundaries: ${faults.length === 0 ? 'nothing to say' : `${faults.length} faults`}`)
const linted = await run('oxlint', '--type-aware', '--tsconfig', 'tsconfig.check.json', '--deny-warnings')
const formatted = await run('biome', 'format', '.')
if (faults.length > 0 || !linted || !formatted) process.exitCode = 1
