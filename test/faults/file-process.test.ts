import { chmodSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { build, ChildProgram } from '../exporters/child-program.js'

interface Ends {
  readonly ends: readonly { readonly delivered: number; readonly code?: string; readonly cause?: string; readonly retryable?: boolean }[]
  readonly full: number
  readonly leaked: number
  readonly surprises: readonly string[]
}

let folder: string
let path: string
beforeAll(build, 120_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-limits-'))
  path = join(folder, 'items.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the program, where asked for after a command of the shell that sets a limit. */
async function run(settings: object, limit?: string): Promise<Ends> {
  const wrap = limit === undefined ? [] : ['bash', '-c', `${limit}; exec "$0" "$@"`]
  const program = new ChildProgram('../../faults/programs/write-at-a-limit.js', { path, ...settings }, wrap)
  const end = await program.ended
  expect([end, program.stderr]).toEqual([{ status: 0, signal: null }, ''])
  return JSON.parse(program.stdout) as Ends
}

const numbersIn = (file: string): number[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).i as number)

test('without free descriptors each export fails and is retryable, nothing leaks, and a torn line costs no other line', async () => {
  writeFileSync(path, '{"torn":')
  const { ends, full, leaked, surprises } = await run({ limit: 'descriptors' }, 'ulimit -n 512')
  for (const end of ends.slice(0, full)) expect(end).toEqual({ delivered: 0, code: 'ERR_FILE_APPEND', cause: 'EMFILE', retryable: true })
  expect(ends.slice(full)).toEqual(Array.from({ length: 5 }, () => ({ delivered: 10 })))
  expect([leaked, surprises]).toEqual([0, []])
  const [torn, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  expect(torn).toBe('{"torn":')
  expect(lines.map((line) => JSON.parse(line).i as number)).toEqual(Array.from({ length: 50 }, (_, i) => full * 10 + i))
})

test('a file size limit acts as a full disk: lines are complete, lost ones are counted, and writing continues in a new file', async () => {
  const kept = join(folder, 'kept.jsonl')
  writeFileSync(path, '')
  linkSync(path, kept)
  const { ends, surprises } = await run({ limit: 'size' }, 'ulimit -f 200') // 200 KiB
  const [before, after] = [ends.slice(0, -3), ends.slice(-3)]
  const written = before.reduce((sum, { delivered }) => sum + delivered, 0)
  expect(before.filter(({ code }) => code !== undefined)[0]).toMatchObject({ code: 'ERR_FILE_APPEND', cause: 'EFBIG', retryable: true })
  expect(written).toBeGreaterThan(150)
  expect(written).toBeLessThan(205)
  expect(numbersIn(kept)).toHaveLength(written)
  expect(numbersIn(path)).toHaveLength(30)
  expect(after).toEqual(Array.from({ length: 3 }, () => ({ delivered: 10 })))
  expect(surprises).toEqual([])
})

test.runIf(process.getuid?.() === 0)('a user without permission gets a retryable failure, and the application continues', async () => {
  chmodSync(folder, 0o755)
  writeFileSync(path, '"old"\n', { mode: 0o600 })
  const { ends, surprises } = await run({ uid: 65_534, batches: 3 })
  expect(ends).toEqual(Array.from({ length: 3 }, () => ({ delivered: 0, code: 'ERR_FILE_APPEND', cause: 'EACCES', retryable: true })))
  expect(surprises).toEqual([])
  expect(readFileSync(path, 'utf8')).toBe('"old"\n')
})
