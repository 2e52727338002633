import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')
const FIRST = 1
const LAST = 249

interface Row {
  readonly line: number
  readonly numbers: readonly number[]
  readonly cells: readonly string[]
}

/** The cells of a line of a table; `\|` is no border. */
function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/** `12`, `12–14` or `12, 14`: a row may stand for several cases that one test shows. */
function numbersOf(text: string): number[] {
  return text.split(/,\s*/).flatMap((part) => {
    const [from, to = from] = part.split(/\s*[–-]\s*/).map(Number)
    if (from === undefined || to === undefined || !(from <= to)) return [Number.NaN]
    return Array.from({ length: to - from + 1 }, (_, at) => from + at)
  })
}

const faults = page.slice(page.indexOf('## Faults'), page.indexOf('## Figures'))
const figuresPart = page.slice(page.indexOf('## Figures')).split('\n## ')[0]!
const before = page.slice(0, page.indexOf('## Faults')).split('\n').length
const rows: Row[] = faults.split('\n').flatMap((text, at) => {
  if (!/^\|\s*\d/.test(text)) return []
  const cells = cellsOf(text)
  return [{ line: before + at, numbers: numbersOf(cells[0]!), cells }]
})

/** The names of all tests of a file that are spelled out in it, those of `it.each` and `describe` too. */
const names = new Map<string, readonly string[]>()
function testNames(file: string): readonly string[] {
  let found = names.get(file)
  if (found === undefined) {
    const source = readFileSync(join(root, file), 'utf8')
    const calls = source.matchAll(
      /\b(?:test|it)\b(?:\.\w+)*(?:\s*\((?:[^()]|\([^()]*\))*\)\s*)?\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`)/g,
    )
    found = [...calls].map(([, single, double, template]) => (single ?? double ?? template ?? '').replace(/\\(.)/g, '$1'))
    names.set(file, found)
  }
  return found
}

/** The fault of a reference such as `test/faults/a.test.ts → a value of 1 MB`; undefined if there is such a test. */
function faultOf(reference: string): string | undefined {
  const [file = '', words = ''] = reference.replaceAll('`', '').split(/\s*→\s*/)
  if (!/^test\/.+\.test\.ts$/.test(file)) return `names no test file: ${reference}`
  if (!existsSync(join(root, file))) return `${file} is not there`
  if (words === '') return `does not say which test of ${file}`
  const bare = words.replaceAll('\\|', '|')
  return testNames(file).some((name) => name.replaceAll('`', '').startsWith(bare))
    ? undefined
    : `${file} has no test whose name begins with "${bare}"`
}

test('every row of the faults has four cells', () => {
  const wrong = rows.filter(({ cells }) => cells.length !== 4 || cells.some((cell) => cell === ''))
  expect(wrong.map(({ line, cells }) => `line ${line}: ${cells.join(' | ')}`)).toEqual([])
})

test('every fault is listed exactly once', () => {
  const documented = rows.flatMap(({ numbers }) => numbers)
  const all = Array.from({ length: LAST - FIRST + 1 }, (_, at) => FIRST + at)
  expect(all.filter((number) => !documented.includes(number))).toEqual([])
  expect(documented.filter((number, at) => !all.includes(number) || documented.indexOf(number) !== at)).toEqual([])
})

test('the faults are listed in order', () => {
  const firsts = rows.map(({ numbers }) => numbers[0]!)
  expect(firsts).toEqual(firsts.toSorted((one, other) => one - other))
})

test('every fault names its tests, or the reason why it has none', () => {
  const wrong = rows.flatMap(({ line, numbers, cells: [, , outcome = '', tests = ''] }) => {
    if (/^[–-]$/.test(tests)) return outcome.length >= 20 ? [] : [`line ${line}: ${numbers.join(', ')} is left out without a reason`]
    return tests
      .split(/;\s*|<br>/)
      .map(faultOf)
      .filter((fault) => fault !== undefined)
      .map((fault) => `line ${line}: ${fault}`)
  })
  expect(wrong).toEqual([])
})

test('every figure has its limit, the measured value and a command', () => {
  const figures = figuresPart.split('\n').filter((line) => /^\|(?!\s*(?:---|goal))/.test(line))
  expect(figures.length).toBeGreaterThan(0)
  const wrong = figures.filter((line) => {
    const cells = cellsOf(line)
    return cells.length !== 4 || cells.some((cell) => cell === '') || !/`(npm|npx|bash) /.test(cells[3]!)
  })
  expect(wrong).toEqual([])
})

test('every command of the figures exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const wrong = [...figuresPart.matchAll(/`((?:npm|npx) [^`]+)`/g)].flatMap(([, command = '']) => {
    const script = /^npm run ([\w:]+)/.exec(command)?.[1]
    const files = [...command.matchAll(/test\/[\w./-]+\.test\.ts/g)].map(([file]) => file)
    const missing = files.filter((file) => !existsSync(join(root, file)))
    return [...(script !== undefined && scripts[script] === undefined ? [`no script ${script}`] : []), ...missing]
  })
  expect(wrong).toEqual([])
})
