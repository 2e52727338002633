// Known holes in what the package needs at run time: `npm run audit`. Where the registry in use does not answer such questions, it
// says so and passes: nothing was found, and nobody looked.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=0'], {
  cwd: root,
  encoding: 'utf8',
  timeout: 60_000,
})

/** @returns {{ vulnerabilities?: Record<string, { severity: string }>, metadata?: object } | undefined} */
function report() {
  try {
    return JSON.parse(stdout)
  } catch {
    return undefined
  }
}

const { metadata, vulnerabilities = {} } = report() ?? {}
const found = Object.entries(vulnerabilities)
if (metadata === undefined) console.log('SKIPPED: the registry does not answer what is known of the dependencies')
else console.log(`${found.length} run-time dependencies with known holes`)
for (const [name, { severity }] of found) console.error(`${name}: ${severity}`)
if (found.length > 0) process.exitCode = 1
