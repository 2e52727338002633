import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSmallFile } from '../../src/serving/read-small-file.js'

const folder = mkdtempSync(join(tmpdir(), 'tallyscope-'))

test('a small regular file is read; a pipe, a device, a folder and a large file are refused with the cause', () => {
  const path = join(folder, 'settings.json')
  writeFileSync(path, '{}')
  expect(readSmallFile(path, 2)).toBe('{}')
  execFileSync('mkfifo', [join(folder, 'pipe')])
  for (const other of [join(folder, 'pipe'), '/dev/zero', folder]) {
    expect(() => readSmallFile(other, 10)).toThrow('it is not a regular file of at most 10 bytes')
  }
  expect(() => readSmallFile(path, 1)).toThrow('it is not a regular file of at most 1 bytes')
  expect(() => readSmallFile(join(folder, 'none'), 1)).toThrow('ENOENT')
})

test.runIf(process.platform === 'linux')('a file of /proc, whose size is 0, is read up to the limit', () => {
  expect(readSmallFile('/proc/self/statm', 100)).toMatch(/^[\d ]+\n$/)
  expect(() => readSmallFile('/proc/self/pagemap', 1_023)).toThrow('it is not a regular file of at most 1023 bytes')
})
