import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/decisions.md', 'docs/performance.md']
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'examples']
const existing = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
)
const names = new Set(existing.map((path) => basename(path)))

/**
 * The source files and folders that a page names in backquotes and that do not exist: whole paths from the root (`src/base`), paths
 * below `src` (`base/clock.ts`), and names of files alone (`clock.ts`).
 */
function missing(text: string): string[] {
  const named = [...text.matchAll(/`([\w./-]+)`/g)].map((match) => match[1]!.replace(/\/$/, ''))
  return named.filter((path) => {
    if (/^(?:src|test|bench|scripts|examples)\//.test(path)) return !existsSync(join(root, path))
    if (!/\w\.c?ts$/.test(path)) return false
    return path.includes('/') ? !existsSync(join(root, 'src', path)) : !names.has(path)
  })
}

test.each(PAGES)('every source file that %s names exists', (page) => {
  expect(missing(readFileSync(join(root, page), 'utf8'))).toEqual([])
})

test('a file, a path or a folder that does not exist is found', () => {
  expect(missing('`src/base/none.ts`, `base/none.ts`, `none.ts`, `src/none/`, `src/base`, `base/clock.ts`, `clock.ts`, `none.js`')).toEqual(
    ['src/base/none.ts', 'base/none.ts', 'none.ts', 'src/none'],
  )
})

/** What ARCHITECTURE.md says under "Where to look": the file, and what is in it. */
const ANSWERS = [
  [
    'src/metrics/cells/bucket-search.ts',
    /\/\*\*\n \* Finds a value's bucket: the first whose upper bound is not below the value\.[^]*?\*\/\nexport class BucketSearch/,
  ],
  [
    'src/exporters/prometheus/http/negotiation.ts',
    /export function negotiateFormat\(accept[^]*export class ResponseNegotiator \{[^]*\n {2}negotiate\([^]*?headerValue\(headers, 'accept'\)/,
  ],
  ['src/exporters/prometheus/http/accept-header.ts', /export function headerClauses\(/],
  ['src/trace/views/span-latency.ts', /export class SpanLatency \{[^]*\n {2}record\(/],
  [
    'src/trace/span-factory.ts',
    /export class SpanFactory [^]*\n {2}unsampledEnds\([^]*?latency\.record\([^]*\n {2}sampledEnds\([^]*?latency\.record\(/,
  ],
  ['scripts/boundaries.js', /\n {2}'exporters\/statsd': \[/],
  ['scripts/entries.js', /'exporters\/statsd\/index'/],
  ['src/base/time-slicer.ts', /\nconst SLICE_MS = 2\n[^]*export class TimeSlicer /],
] as const

test.each(ANSWERS)('%s contains what ARCHITECTURE.md says about it', (file, content) => {
  expect(readFileSync(join(root, file), 'utf8')).toMatch(content)
})
