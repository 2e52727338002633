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

/**
 * How many programs of a page are JavaScript alone. They declare functions or classes with parameters, which strict TypeScript wants
 * annotated, read `server.address().port`, or use packages without types (Express, Koa). The numbers may only fall.
 */
const JAVASCRIPT_ALONE: Readonly<Record<string, number>> = {
  'docs/exporters.md': 2,
  'docs/fastify.md': 2,
  'docs/from-express-prom-bundle.md': 1,
  'docs/from-fastify-metrics.md': 1,
  'docs/http-client.md': 1,
  'docs/http-server.md': 3,
  'docs/jobs.md': 1,
  'docs/opentracing.md': 3,
  'docs/push.md': 2,
  'docs/testing.md': 1,
  'docs/tracing.md': 9,
  'docs/views.md': 1,
}

let folder: string
let messages: readonly string[]
const nameOf = (page: string, line: number) => `${page.replace(/\W/g, '-')}-${line}.mts`

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-docs-'))
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/tallyscope'))
  for (const name of ['@types/node', 'fastify', 'koa', 'express', 'opentracing', 'pino', 'prom-client']) {
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

test.each(pages)('%s: all programs compile, but for those that are JavaScript alone', (page) => {
  const programs = markdownPrograms(readFileSync(join(root, page), 'utf8'))
  const failing = programs.filter(({ line }) => messages.some((message) => message.startsWith(`${nameOf(page, line)}(`)))
  const expected = JAVASCRIPT_ALONE[page] ?? 0
  const details = messages.filter((message) => message.startsWith(page.replace(/\W/g, '-')))
  expect(failing.length, details.join('\n')).toBe(expected)
})

test('most programs compile', () => {
  const all = pages.reduce((sum, page) => sum + markdownPrograms(readFileSync(join(root, page), 'utf8')).length, 0)
  const alone = Object.values(JAVASCRIPT_ALONE).reduce((sum, each) => sum + each, 0)
  expect(messages.every((message) => /^[\w-]+\.mts\(/.test(message))).toBe(true)
  expect(all - alone).toBeGreaterThan(alone)
})
