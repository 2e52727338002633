import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const MAX_LINES = 300
const MAX_FILES = 25

/** The files below `root` that are too long, and the folders that hold too many files. */
function tooLarge(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const files = paths
    .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines`)
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  const folders = [...counts].filter(([, count]) => count > MAX_FILES).map(([folder, count]) => `${folder}: ${count} files`)
  return [...files, ...folders].sort()
}

test('no file of src has more than 300 lines, and no folder more than 25 files', () => {
  expect(tooLarge(join(import.meta.dirname, '../../src'))).toEqual([])
})

test('a file of 301 lines and a folder of 26 files are reported, and smaller ones are not', () => {
  const root = mkdtempSync(join(tmpdir(), 'tallyscope-sizes-'))
  const write = (path: string, lines: number): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), 'x\n'.repeat(lines))
  }
  try {
    write('long/over.ts', 301)
    write('long/fits.ts', 300)
    for (let at = 0; at < 26; at++) write(`many/${at}.ts`, 1)
    for (let at = 0; at < 25; at++) write(`fits/${at}.ts`, 1)
    expect(tooLarge(root)).toEqual(['long/over.ts: 301 lines', 'many: 26 files'])
  } finally {
    rmSync(root, { recursive: true })
  }
})
