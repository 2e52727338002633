import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
/** Words that CONTRIBUTING.md replaces by those of the field. */
const REPLACED: Readonly<Record<string, RegExp>> = {
  'told, tells (logs, reports)': /\b(?:told|tells?)\b/gi,
  'is asked (is called)': /\b(?:is|are|was|were|be|been) asked\b/gi,
  'dear (expensive)': /\bdear(?:er)?\b/gi,
  'who is … (source, identity)': /\bwho is\b/gi,
  speaking: /\bspeaking\b/gi,
  'whoever (any process, the caller)': /\bwhoever\b/gi,
  'stranger (a caller, a client)': /\bstrangers?\b/gi,
}

/** The comments and strings of TypeScript, in which people write sentences. */
function prose(source: string): string {
  return [...source.matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'[^'\n]*'|`[^`]*`/g)].map(([text]) => text).join('\n')
}

/** The words that a text has, with how often. */
function replaced(text: string): string[] {
  const counts = Object.entries(REPLACED).map(([word, pattern]) => ({ word, count: text.match(pattern)?.length ?? 0 }))
  return counts.filter(({ count }) => count > 0).map(({ word, count }) => `${word}: ${count} times`)
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

test.each(['src', 'bench', 'scripts', 'examples', 'test'])('comments and strings of %s use the words of the field', (folder) => {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((path) => /\.(?:ts|cts|js)$/.test(path))
  const own = files.filter((path) => !path.includes('node_modules') && !path.endsWith('words.test.ts')).map((path) => join(folder, path))
  expect(own.length).toBeGreaterThan(10)
  expect(own.map((path) => [path, replaced(prose(read(path)))]).filter(([, words]) => words!.length > 0)).toEqual([])
})

test('the pages use the words of the field', () => {
  const pages = ['docs', 'bench/notes'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  const all = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CHANGELOG.md', ...pages.filter((name) => name.endsWith('.md'))]
  expect(all.map((page) => [page, replaced(read(page))]).filter(([, words]) => words!.length > 0)).toEqual([])
})

test('a replaced word is found in comments and strings, not in code', () => {
  expect(replaced(prose('/** Is told once. */\nconst told = 1'))).toEqual(['told, tells (logs, reports): 1 times'])
})
