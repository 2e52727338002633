import { fc } from '../fast-check.js'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'

export const SECRET = 'S3cr3t-of-the-house'
/** A label, a name or a key is cut at 256 code points; each may be written as an escape of six characters. */
const LONGEST_LINE = 60_000

const piece = fc.oneof(
  fc.constantFrom(
    '\n',
    '\r\n',
    '\u001b[2J\u001b]0;owned\u0007',
    '\u0000',
    '\u009b',
    '\u202e',
    '\u2066',
    '\u2028',
    '"',
    '\\',
    '\\n',
    '# EOF\n',
    '}} 1\n',
    '\ud800',
    '\u{1f600}',
    '%0a',
    '${HOME}',
    '__proto__',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
/** Strings that try to be more than a string: controls, ends of lines and labels, marks of direction, 100 kB. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.tuple(piece, piece).map(([a, b]) => a + 'x'.repeat(100_000) + b),
)
// Everything that could forge a line or move a cursor or the direction of what is read; line ends part lines.
const RAW = /(?!\n)[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** What a terminal, a log or a file was given: no line forges another, none is beyond its limit, none has a secret. */
export function expectClean(where: string, output: string): void {
  expect(RAW.exec(output)?.[0], `${where}: ${JSON.stringify(output.slice(0, 300))}`).toBeUndefined()
  expect(Math.max(...output.split('\n').map(({ length }) => length)), where).toBeLessThan(LONGEST_LINE)
  expect(output.includes(SECRET), where).toBe(false)
}

/** One line, and nothing raw in it. */
export function expectOneLine(where: string, message: string): void {
  expectClean(where, message.replaceAll('\n', '\u0007'))
}

/** Every line of a page is a comment or a sample with short labels. */
export function expectRows(page: string): void {
  for (const line of page.split('\n')) {
    expect(line).toMatch(/^(?:|# (?:TYPE|HELP|UNIT|EOF).*|[a-zA-Z_:][\w:]*(?:\{.*\})? \S+(?: # .*)?)$/su)
    expect(line.length).toBeLessThan(2_000)
  }
}

/** Gives each test a folder of its own, and collects the warnings of the process. Call it once in a test file. */
export function watched(): { readonly warnings: readonly string[]; readonly folder: string } {
  const scene = { warnings: [] as string[], folder: '' }
  beforeEach(() => {
    scene.warnings = []
    scene.folder = mkdtempSync(join(tmpdir(), 'hostile-'))
    vi.spyOn(process, 'emitWarning').mockImplementation((message) => void scene.warnings.push(String(message)))
  })
  afterEach(() => {
    rmSync(scene.folder, { recursive: true })
    vi.restoreAllMocks()
  })
  return scene
}
