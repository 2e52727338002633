import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openGroupFolder } from '../../../src/cluster/net/group-folder.js'

// A process that has no file descriptor left.

const limit = vi.hoisted(() => ({ isReached: false }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const limited = <A extends unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      if (limit.isReached) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' })
      return call(...args)
    }
  }
  return {
    ...fs,
    openSync: limited(fs.openSync),
    readdirSync: limited(fs.readdirSync as unknown as (path: string) => string[]),
    lstatSync: limited(fs.lstatSync),
  }
})

let path = ''
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'ts-files-'))
})
afterEach(() => {
  limit.isReached = false
  rmSync(path, { recursive: true, force: true })
})

test('a file that cannot be opened at the moment is not taken for a missing one', () => {
  const folder = openGroupFolder('0123456789abcdef', path)
  const id = 'f'.repeat(32)
  expect(folder.readFinalRows(id)).toBe(undefined)
  folder.writeFinalRows(id, [Uint8Array.of(7)])
  limit.isReached = true
  expect(() => folder.readFinalRows(id)).toThrow('too many open files')
  limit.isReached = false
  expect(folder.readFinalRows(id)).toEqual(Buffer.of(7))
})

test('a folder that cannot be read at the moment stays, and its sockets count as present', () => {
  const folder = openGroupFolder('0123456789abcdef', path)
  expect(folder.has(1)).toBe(false)
  limit.isReached = true
  expect(folder.has(1)).toBe(true)
  expect(() => folder.remove()).not.toThrow()
})
