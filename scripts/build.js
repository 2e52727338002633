// Builds dist/esm and dist/cjs from the one source, both at once, and does nothing when nothing has changed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = join(root, 'dist')
const cache = join(root, 'node_modules/.cache/tallyscope')
const stampPath = join(cache, 'build.stamp')
const PROJECTS = { esm: 'tsconfig.json', cjs: 'tsconfig.cjs.json' }

/** One hash over everything that the output depends on. */
function sourceStamp() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', name))
  for (const file of [...Object.values(PROJECTS), 'package-lock.json', 'scripts/build.js', ...files.sort()]) {
    const path = join(root, file)
    if (existsSync(path) && statSync(path).isFile()) hash.update(`${file}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

function compile(project, outDir) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tsc, '-p', project, '--outDir', outDir], { cwd: root, stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0))
  })
}

async function build() {
  const stamp = sourceStamp()
  const built = existsSync(join(dist, 'esm')) && existsSync(join(dist, 'cjs/package.json'))
  if (built && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return
  // Built beside, then moved into place: a program that runs from dist never sees half a build, nor files of deleted sources.
  const fresh = join(root, `.dist-${process.pid}`)
  try {
    const compiled = await Promise.all(Object.entries(PROJECTS).map(([format, project]) => compile(project, join(fresh, format))))
    if (compiled.includes(false)) {
      process.exitCode = 1
      return
    }
    writeFileSync(join(fresh, 'cjs/package.json'), '{"type":"commonjs"}\n')
    rmSync(stampPath, { force: true })
    rmSync(dist, { recursive: true, force: true })
    renameSync(fresh, dist)
    mkdirSync(cache, { recursive: true })
    writeFileSync(stampPath, stamp)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

await build()
