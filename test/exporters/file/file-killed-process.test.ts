import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { amount, figure, seed } from '../../faults/amount.js'
import { build, ChildProgram } from '../child-program.js'
import { randomNumbers } from '../random.js'

let folder: string
let path: string
beforeAll(build, 120_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-kill-'))
  path = join(folder, 'lines.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What was appended since the file was `from` bytes long. */
function appended(from: number): string {
  if (!existsSync(path)) return ''
  const bytes = Buffer.alloc(statSync(path).size - from)
  const fd = openSync(path, 'r')
  readSync(fd, bytes, 0, bytes.length, from)
  closeSync(fd)
  return bytes.toString()
}

/** The number of a line that is whole; undefined for one that is not. */
function numberOf(line: string): number | undefined {
  try {
    const { i, end } = JSON.parse(line)
    return i === end ? i : undefined
  } catch {
    return undefined
  }
}

const KILLS = amount(20, 200)

test('a process killed at random keeps every acknowledged line, tears at most one line a kill, and the next start terminates it', async () => {
  const random = randomNumbers(seed())
  let torn = 0
  let from = 0
  let start = 0
  let isTorn = false
  for (let kill = 0; kill < KILLS; kill++) {
    const program = new ChildProgram('write-until-killed.js', { path, start })
    await program.says('\n')
    await new Promise((resolve) => void setTimeout(resolve, random() * 60))
    program.kill('SIGKILL')
    await program.ended
    const known = Number(program.stdout.slice(0, program.stdout.lastIndexOf('\n')).split('\n').at(-1))

    const text = appended(from)
    if (isTorn) expect(text[0]).toBe('\n')
    const lines: string[] = (isTorn ? text.slice(1) : text).split('\n')
    const tail: string = lines.pop()!
    const numbers: (number | undefined)[] = lines.map(numberOf)
    const first = start
    expect(numbers.findIndex((number, i) => number !== first + i)).toBe(-1)
    expect(first + numbers.length).toBeGreaterThan(known)
    from = statSync(path).size
    isTorn = tail !== ''
    if (isTorn) torn++
    start = first + numbers.length + (isTorn ? 1 : 0)
  }
  figure(
    'file exporter, `kill -9`',
    `${KILLS} kills, ${start} lines: 0 broken inside, ${torn} torn at the end and closed off, 0 known ones missing`,
  )
}, 1_200_000)

test('four processes append to one file without breaking lines', async () => {
  const programs = Array.from({ length: 4 }, (_, who) => new ChildProgram('write-until-killed.js', { path, who, start: 0, count: 1_000 }))
  for (const program of programs) expect(await program.ended).toEqual({ status: 0, signal: null })
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { who: number; i: number })
  for (const [who, { stdout }] of programs.entries()) {
    const last = Number(stdout.trimEnd().split('\n').at(-1))
    const numbers = lines.filter((line) => line.who === who).map(({ i }) => i)
    expect(numbers).toEqual(Array.from({ length: last + 1 }, (_, i) => i))
  }
}, 120_000)
