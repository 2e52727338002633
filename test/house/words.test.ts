import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
/** Words that CONTRIBUTING.md replaces by those of the field. Each may occur so often, for the cases in which it is the right one. */
const MOST = 9
const REPLACED: Readonly<Record<string, RegExp>> = {
  'told, tells (logs, reports)': /\b(?:told|tells?)\b/gi,
  'is asked (is called)': /\b(?:is|are|was|were|be|been) asked\b/gi,
  'dear (expensive)': /\bdear(?:er)?\b/gi,
  'who is … (source, identity)': /\bwho is\b/gi,
  speaking: /\bspeaking\b/gi,
  'whoever (any process, the caller)': /\bwhoever\b/gi,
}

/** The comments and strings of TypeScript, in which people write sentences. */
function prose(source: string): string {
  return [...source.matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'[^'\n]*'|`[^`]*`/g)].map(([text]) => text).join('\n')
}

/** How often each word occurs, for those that occur more often than they may. */
function tooOften(text: string): string[] {
  const counts = Object.entries(REPLACED).map(([word, pattern]) => ({ word, count: text.match(pattern)?.length ?? 0 }))
  return counts.filter(({ count }) => count > MOST).map(({ word, count }) => `${word}: ${count} times`)
}

test('comments and messages of src use the words of the field', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  expect(tooOften(files.map((path) => prose(readFileSync(join(root, 'src', path), 'utf8'))).join('\n'))).toEqual([])
})

test('the pages use the words of the field', () => {
  const docs = readdirSync(join(root, 'docs')).map((name) => join('docs', name))
  const pages = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CHANGELOG.md', ...docs.filter((name) => name.endsWith('.md'))]
  expect(tooOften(pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n'))).toEqual([])
})

test('a word that occurs too often in comments and strings is found, in code it is not', () => {
  expect(tooOften(prose(`${'/** Is told once. */\n'.repeat(10)}${'const told = 1\n'.repeat(20)}`))).toEqual([
    'told, tells (logs, reports): 10 times',
  ])
  expect(tooOften(prose('// dear\n'.repeat(9)))).toEqual([])
})
