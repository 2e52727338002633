// Builds the package from the one source, and does nothing when nothing has changed:
//   build/  what `tsc` makes of each file of src: ES modules, types, maps. The bench measures parts of the engine from there.
//   dist/   what is packed: the modules joined into few files, as ES modules and as CommonJS, each with the types.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryFiles } from './entries.js'
import { joinModules } from './join-modules.js'

const root = fileURLToPath(new URL('../', import.meta.url))
const modules = join(root, 'build')
const dist = join(root, 'dist')
const cache = join(root, 'node_modules/.cache/tallyscope')
const stampPath = join(cache, 'build.stamp')
const MADE_FROM = ['tsconfig.json', 'package-lock.json', 'scripts/build.js', 'scripts/entries.js', 'scripts/join-modules.js']

/** One hash over everything that the output depends on. */
function sourceStamp() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', name))
  for (const file of [...MADE_FROM, ...files.sort()]) {
    const path = join(root, file)
    if (statSync(path).isFile()) hash.update(`${file}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

function compile(outDir) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', outDir], { cwd: root, stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0))
  })
}

/** The files of types, which are the same for both formats: the nearest package.json decides which kind of module they describe. */
function copyTypes(from, to) {
  const types = readdirSync(from, { recursive: true }).filter((name) => /\.d\.c?ts$/.test(name))
  for (const name of types) cpSync(join(from, name), join(to, name))
}

async function build() {
  const stamp = sourceStamp()
  const built = existsSync(modules) && existsSync(join(dist, 'esm')) && existsSync(join(dist, 'cjs/package.json'))
  if (built && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return
  // Built beside, then moved into place: a program that runs from dist never sees half a build, nor files of deleted sources.
  const fresh = { modules: join(root, `.build-${process.pid}`), dist: join(root, `.dist-${process.pid}`) }
  try {
    if (!(await compile(fresh.modules))) {
      process.exitCode = 1
      return
    }
    await joinModules(fresh.modules, entryFiles(), { esm: join(fresh.dist, 'esm'), cjs: join(fresh.dist, 'cjs') })
    for (const format of ['esm', 'cjs']) copyTypes(fresh.modules, join(fresh.dist, format))
    writeFileSync(join(fresh.dist, 'cjs/package.json'), '{"type":"commonjs"}\n')
    rmSync(stampPath, { force: true })
    rmSync(modules, { recursive: true, force: true })
    rmSync(dist, { recursive: true, force: true })
    renameSync(fresh.modules, modules)
    renameSync(fresh.dist, dist)
    mkdirSync(cache, { recursive: true })
    writeFileSync(stampPath, stamp)
  } finally {
    rmSync(fresh.modules, { recursive: true, force: true })
    rmSync(fresh.dist, { recursive: true, force: true })
  }
}

await build()
