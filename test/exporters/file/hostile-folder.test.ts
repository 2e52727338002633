import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FileExporter } from '../../../src/exporters/file/file-exporter.js'
import { endsInsideLine } from '../../../src/exporters/file/torn-line.js'

const folder = (): string => mkdtempSync(join(tmpdir(), 'tallyscope-'))
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('new files are readable only by their owner, unless a mode is set', async () => {
  const path = join(folder(), 'a.jsonl')
  await new FileExporter({ path }).export([{ a: 1 }])
  expect(modeOf(path)).toBe('600')
  const open = join(folder(), 'b.jsonl')
  const before = process.umask(0o077)
  await new FileExporter({ path: open, mode: 0o644 }).export([{ a: 1 }]).finally(() => process.umask(before))
  expect(modeOf(open)).toBe('644')
  chmodSync(path, 0o640)
  await new FileExporter({ path }).export([{ a: 2 }])
  expect(modeOf(path)).toBe('640')
  expect(() => new FileExporter({ path, mode: 0o7777 })).toThrow(expect.objectContaining({ code: 'ERR_EXPORTER_OPTION' }))
})

test('a symbolic link is followed only if that is allowed, and the error names the cause', async () => {
  const at = folder()
  writeFileSync(join(at, 'victim'), 'precious\n')
  symlinkSync('victim', join(at, 'link.jsonl'))
  const path = join(at, 'link.jsonl')
  const refused = new FileExporter({ path })
  await expect(refused.export([{ a: 1 }])).rejects.toThrow(/^cannot append 1 of 1 items to .*: ELOOP/)
  await refused.shutdown()
  expect(readFileSync(join(at, 'victim'), 'utf8')).toBe('precious\n')
  const allowed = new FileExporter({ path, followLinks: true })
  await allowed.export([{ a: 1 }])
  expect(readFileSync(join(at, 'victim'), 'utf8')).toBe('precious\n{"a":1}\n')
})

test('a pipe in place of a torn file does not block the event loop', () => {
  const at = folder()
  const path = join(at, 'a.jsonl')
  writeFileSync(path, '{"torn"')
  const found = statSync(path, { bigint: true })
  expect(endsInsideLine(path, found)).toBe(true)
  execFileSync('mkfifo', [join(at, 'pipe')])
  expect(endsInsideLine(join(at, 'pipe'), found)).toBe(false)
})

test('rotation skips foreign files and their numbers', async () => {
  const at = folder()
  const path = join(at, 'a.jsonl')
  writeFileSync(`${path}.1`, 'precious')
  mkdirSync(`${path}.2`)
  symlinkSync('nowhere', `${path}.3`)
  const exporter = new FileExporter({ path, maxBytes: 10, maxFiles: 3 })
  for (let a = 0; a < 5; a++) await exporter.export([{ a }])
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('precious')
  const texts = ['', '.4', '.5'].map((suffix) => readFileSync(path + suffix, 'utf8'))
  expect(texts).toEqual(['{"a":4}\n', '{"a":3}\n', '{"a":2}\n'])
  expect(existsSync(`${path}.6`)).toBe(false)
})

test('after maxFiles is lowered, older files are removed at the next rotation', async () => {
  const at = folder()
  const path = join(at, 'a.jsonl')
  const first = new FileExporter({ path, maxBytes: 10, maxFiles: 6 })
  for (let a = 0; a < 8; a++) await first.export([{ a }])
  await first.shutdown()
  expect(readdirSync(at)).toHaveLength(6)
  const second = new FileExporter({ path, maxBytes: 10, maxFiles: 2 })
  await second.export([{ a: 8 }])
  expect(readdirSync(at).sort()).toEqual(['a.jsonl', 'a.jsonl.1'])
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('{"a":7}\n')
})

test('older files are removed also if somebody has removed one of them', async () => {
  const path = join(folder(), 'a.jsonl')
  writeFileSync(path, '{"a":1}\n')
  for (const number of [1, 2, 4, 9]) writeFileSync(`${path}.${number}`, '{"a":0}\n')
  await new FileExporter({ path, maxBytes: 10, maxFiles: 2 }).export([{ a: 2 }])
  expect(readdirSync(dirname(path)).sort()).toEqual(['a.jsonl', 'a.jsonl.1'])
})

test.each([
  ['torn line', '{"torn"', '{"torn"\n{"a":1}\n'],
  ['whole line', '{"a":0}\n', '{"a":0}\n{"a":1}\n'],
])('a file with a %s is written while timers are faked', async (_, before, after) => {
  const path = join(folder(), 'a.jsonl')
  writeFileSync(path, before)
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  await new FileExporter({ path }).export([{ a: 1 }])
  expect(readFileSync(path, 'utf8')).toBe(after)
})
