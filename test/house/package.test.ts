import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPacked } from '../consumer/packed.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const bin = (name: string) => join(root, 'node_modules/.bin', name)

/** `./auto` starts things when it is imported; test/integrations has it to itself. */
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json' && subpath !== './auto')
  .map((subpath) => `tallyscope${subpath.slice(1)}`)

let folder: string
let tarball: string
let packed: readonly string[]

beforeAll(async () => {
  const installed = await installPacked(['@types/node', 'fastify', 'opentracing', 'pino', 'prom-client'])
  folder = installed.folder
  tarball = installed.tarball
  packed = installed.files
  cpSync(join(root, 'test/consumer'), folder, { recursive: true })
}, 120_000)

afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))

test('publint reports no problem of the packed package', async () => {
  const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer }, strict: true })
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
})

test('types resolve in every mode, including node10', async () => {
  const { stdout } = await run(bin('attw'), [tarball, '--no-emoji', '--no-color', '--format', 'table-flipped'])
  expect(stdout).toContain('No problems found')
}, 120_000)

test('the package contains both builds with types and the documents, without source maps', () => {
  const foreign = packed.filter((path) => !/^dist\/(esm|cjs)\/.+\.(c?js|d\.c?ts)$/.test(path))
  const pages = ['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md']
  expect(foreign.filter((path) => !/^docs\/[\w-]+\.(md|svg)$/.test(path)).sort()).toEqual([
    ...pages,
    'dist/cjs/package.json',
    'package.json',
  ])
  for (const format of ['esm', 'cjs']) {
    expect(packed).toContain(`dist/${format}/index.js`)
    expect(packed).toContain(`dist/${format}/index.d.ts`)
    expect(packed).toContain(`dist/${format}/core.js`)
  }
})

test('every link of README leads to a file of the package', () => {
  const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!)
  expect(links.filter((link) => !packed.includes(link))).toEqual([])
})

test('the manifest lists every entry point', async () => {
  const { manifestAgrees } = await import('../../scripts/entries.js')
  expect(manifestAgrees()).toBe(true)
})

test('every subpath exports the same names by import, by require and in its CommonJS files', async () => {
  const imported = JSON.parse((await run(process.execPath, ['import-all.mjs', ...subpaths], { cwd: folder })).stdout)
  const { required, commonJs } = JSON.parse((await run(process.execPath, ['require-all.cjs', ...subpaths], { cwd: folder })).stdout)
  expect(Object.keys(imported)).toEqual(subpaths)
  for (const subpath of subpaths) expect(imported[subpath].length, subpath).toBeGreaterThan(0)
  expect(required).toEqual(imported)
  expect(commonJs).toEqual(imported)
})

test('joining the modules into few files renames no exported function or class', async () => {
  const namesIn = async (file: string) =>
    Object.entries(await import(file)).map(([key, value]) => `${key}: ${typeof value === 'function' ? value.name : typeof value}`)
  for (const subpath of subpaths) {
    const file = manifest.exports[`.${subpath.slice('tallyscope'.length)}`].import.default.replace('./dist/esm/', '')
    const asCompiled = await namesIn(join(root, 'build', file))
    for (const format of ['esm', 'cjs']) {
      const joined = await namesIn(join(folder, 'node_modules/tallyscope/dist', format, file))
      // Node adds names of its own to what it imports from CommonJS.
      expect(joined.filter((line) => asCompiled.includes(line)).sort(), `${format} ${subpath}`).toEqual(asCompiled.sort())
    }
  }
})

test('two copies of the code in one process share one engine and one context', async () => {
  const { stdout } = await run(process.execPath, ['one-state.mjs'], { cwd: folder })
  const rows = { object: 2, map: 2, bound: 2, context: 2, batch: 2 }
  expect(JSON.parse(stdout)).toEqual({ esm: rows, cjs: rows, tags: ['north', 'north'] })
})

test('two copies of the code count a request once, under the route that one of them has set', async () => {
  const { stdout } = await run(process.execPath, ['one-server.mjs'], { cwd: folder })
  expect(JSON.parse(stdout)).toEqual({ requests: [['/given', 3]], bytes: [15] })
})

test('a strict TypeScript program compiles against the package as ES module, as CommonJS and for bundlers', async () => {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023'],
    types: ['node'],
  }
  cpSync(join(folder, 'program.ts'), join(folder, 'program.cts'))
  const all = subpaths.map((subpath, i) => `import * as part${i} from '${subpath}'\nvoid part${i}\n`).join('')
  writeFileSync(join(folder, 'all.mts'), all)
  writeFileSync(join(folder, 'all.cts'), all)
  const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' }
  const projects = {
    // One for each kind: both would declare what the plugin adds to Fastify's types, each with types of its own copy.
    esm: { ...nodenext, files: ['program.ts', 'all.mts'] },
    cjs: { ...nodenext, files: ['program.cts', 'all.cts'] },
    bundler: { module: 'esnext', moduleResolution: 'bundler', files: ['program.ts', 'all.mts'] },
  }
  for (const [name, { files, ...options }] of Object.entries(projects)) {
    writeFileSync(join(folder, `tsconfig.${name}.json`), JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, files }))
    for (const compiler of ['typescript', 'typescript-5.4']) {
      const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
      const { stdout } = await run(process.execPath, [tsc, '-p', `tsconfig.${name}.json`], { cwd: folder }).catch((failed) => failed)
      expect(stdout, `${name} with ${compiler}`).toBe('')
    }
  }
}, 120_000)
