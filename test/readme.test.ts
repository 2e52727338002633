import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markdownPrograms } from '../scripts/markdown-programs.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
// Inside the checkout, so that the programs import the package by its own name.
const folder = join(root, `.run/readme-${process.pid}`)
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .sort()
const text = (page: string) => readFileSync(join(root, page), 'utf8')

beforeAll(() => {
  spawnSync(process.execPath, ['scripts/build.js'], { cwd: root })
  mkdirSync(folder, { recursive: true })
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('programs in the documentation run and print what stands below them', () => {
  for (const page of pages) {
    for (const { line, code, output } of markdownPrograms(text(page))) {
      test(`${page}:${line}`, async () => {
        const file = join(folder, `${page.replace(/\W/g, '-')}-${line}.mjs`)
        writeFileSync(file, code)
        const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: 20_000 })
        if (output !== undefined) expect(stdout.trimEnd()).toBe(output.trimEnd())
      })
    }
  }
})

test('links between pages lead to files that are there', () => {
  const missing = ['ARCHITECTURE.md', 'CHANGELOG.md', 'SECURITY.md', ...pages].flatMap((page) =>
    [...text(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
      .map((match) => join(page, '..', match[1]!))
      .filter((target) => spawnSync('test', ['-e', target], { cwd: root }).status !== 0)
      .map((target) => `${page}: ${target}`),
  )
  expect(missing).toEqual([])
})

test('the map of the rooms is short', () => {
  expect(text('ARCHITECTURE.md').split('\n').length).toBeLessThan(150)
})

test('README lists every entry point of the package', () => {
  const { exports } = JSON.parse(text('package.json'))
  const listed = [...text('README.md').matchAll(/^\| `(tallyscope[\w/-]*)` \|/gm)].map((match) => match[1]!.replace('tallyscope', '.'))
  expect([...listed, './package.json']).toEqual(Object.keys(exports))
})

test('the command that README names for the tests is the one that is run before a change lands', () => {
  expect(text('README.md')).toMatch(/^npm ci && npm test\b/m)
  expect(text('.ci/run')).toContain('npm ci && npm test')
})
