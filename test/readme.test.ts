import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markdownPrograms } from '../scripts/markdown-programs.js'
import { installPacked } from './consumer/packed.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .sort()
/** The pages that README names for its recipes: their programs are run as CommonJS too. */
const recipes = [
  'README.md',
  'docs/configuration.md',
  'docs/exporters.md',
  'docs/express.md',
  'docs/fastify.md',
  'docs/http-client.md',
  'docs/http-server.md',
  'docs/jobs.md',
  'docs/libraries.md',
  'docs/logging.md',
]
const text = (page: string) => readFileSync(join(root, page), 'utf8')
let folder: string

beforeAll(async () => {
  folder = (await installPacked(['express', 'fastify', 'koa', 'opentracing', 'pino', 'prom-client'])).folder
}, 120_000)

afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))

/** The same program as people write it who use `require`. */
function asCommonJs(code: string): string {
  const body = code.replaceAll(/^import (?:(\w+)|\{([^}]*)\}) from ('[^']*')$/gm, (_, whole?: string, names?: string, from?: string) =>
    whole === undefined ? `const {${names!.replaceAll(' as ', ': ')}} = require(${from})` : `const ${whole} = require(${from})`,
  )
  return `async function main() {\n${body}\n}\nmain()\n`
}

/** Runs a program in a project that has the packed package, and compares what it prints. */
async function check(name: string, code: string, { flags, files, output }: ReturnType<typeof markdownPrograms>[number]): Promise<void> {
  writeFileSync(join(folder, name), code)
  for (const beside of files) writeFileSync(join(folder, beside.name), beside.text)
  const { stdout } = await run(process.execPath, [...flags, name], { cwd: folder, timeout: 20_000 })
  if (output !== undefined) expect(stdout.trimEnd()).toBe(output.trimEnd())
}

describe('documented programs run from the packed package and print the documented output', () => {
  for (const page of pages) {
    for (const program of markdownPrograms(text(page))) {
      const file = `${page.replace(/\W/g, '-')}-${program.line}`
      test(`${page}:${program.line}`, () => check(`${file}.mjs`, program.code, program))
      if (recipes.includes(page)) {
        test(`${page}:${program.line} as CommonJS`, () => check(`${file}.cjs`, asCommonJs(program.code), program))
      }
    }
  }
})

test('every recipe in README is a page whose programs run in both module systems', () => {
  const section = text('README.md').split('## Recipes')[1]!.split('\n## ')[0]!
  const named = [...section.matchAll(/\]\((docs\/[\w-]+\.md)/g)].map((match) => match[1]!)
  expect(named.length).toBeGreaterThanOrEqual(6)
  expect(named.filter((page) => !recipes.includes(page))).toEqual([])
})

test('links between pages lead to existing files', () => {
  const missing = ['ARCHITECTURE.md', 'CHANGELOG.md', 'SECURITY.md', ...pages].flatMap((page) =>
    [...text(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
      .map((match) => join(page, '..', match[1]!))
      .filter((target) => spawnSync('test', ['-e', target], { cwd: root }).status !== 0)
      .map((target) => `${page}: ${target}`),
  )
  expect(missing).toEqual([])
})

test('the map of the folders is short', () => {
  expect(text('ARCHITECTURE.md').split('\n').length).toBeLessThan(170)
})

test('README lists every entry point of the package', () => {
  const { exports } = JSON.parse(text('package.json'))
  const listed = [...text('README.md').matchAll(/^\| `(tallyscope[\w/-]*)` \|/gm)].map((match) => match[1]!.replace('tallyscope', '.'))
  expect([...listed, './package.json']).toEqual(Object.keys(exports))
})

test('the test command in README is the one that runs before a change lands', () => {
  expect(text('README.md')).toMatch(/^npm ci && npm test\b/m)
  expect(text('.ci/run')).toContain('npm ci && npm test')
})
