// The programs of the documentation, compiled as strict TypeScript: people paste them into .ts files.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { markdownPrograms } from '../../scripts/markdown-programs.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((name) => name.endsWith('.md')).sort()

/** Programs that are JavaScript on purpose, by a line of theirs, and why. */
const JAVASCRIPT_ALONE: readonly { readonly line: string; readonly why: string }[] = [
  { line: "import Koa from 'koa'", why: 'koa has no types of its own, and context._matchedRoute is set by hand in place of @koa/router' },
]

let folder: string
let messages: readonly string[]
const nameOf = (page: string, line: number) => `${page.replace(/\W/g, '-')}-${line}.mts`

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-docs-'))
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/tallyscope'))
  for (const name of ['@types/express', '@types/node', 'fastify', 'koa', 'express', 'opentracing', 'pino', 'prom-client']) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    module: 'nodenext',
    skipLibCheck: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }))
  for (const page of pages) {
    for (const { line, code } of markdownPrograms(readFileSync(join(root, page), 'utf8')))
      writeFileSync(join(folder, nameOf(page, line)), code)
  }
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: folder }).catch((failed) => failed)
  messages = String(stdout)
    .split('\n')
    .filter((line) => line.includes('error TS'))
}, 120_000)

afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))

const programsOf = (page: string) => markdownPrograms(readFileSync(join(root, page), 'utf8'))

test.each(pages)('all programs of %s compile, except those that are JavaScript on purpose', (page) => {
  const alone = programsOf(page).filter(({ code }) => JAVASCRIPT_ALONE.some(({ line }) => code.includes(line)))
  const names = alone.map(({ line }) => `${nameOf(page, line)}(`)
  const ofPage = messages.filter((message) => new RegExp(`^${page.replace(/\W/g, '-')}-\\d+\\.mts`).test(message))
  expect(ofPage.filter((message) => !names.some((name) => message.startsWith(name)))).toEqual([])
  for (const name of names) expect(ofPage.some((message) => message.startsWith(name))).toBe(true) // or it need not be an exception
})

test('the compiler reads the programs and reports no other errors', () => {
  expect(pages.flatMap(programsOf).length).toBeGreaterThan(60)
  expect(messages.filter((message) => !/^[\w-]+-\d+\.mts\(/.test(message))).toEqual([])
})
