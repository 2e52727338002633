import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openGroupFolder } from '../../../src/cluster/net/group-folder.js'

const HASH = '0123456789abcdef'
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ts-'))
  vi.stubEnv('TMPDIR', root)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

const parent = (): string => join(root, `tallyscope-${process.geteuid!()}`)
const refusal = (message: RegExp): unknown => expect.objectContaining({ code: 'ERR_GROUP_FOLDER', message: expect.stringMatching(message) })

/** What is thrown if the folder is opened. */
function fault(given?: string): unknown {
  try {
    openGroupFolder(HASH, given)
  } catch (error) {
    return error
  }
  return undefined
}

test('the folder is created with permissions for this user only', () => {
  openGroupFolder(HASH)
  expect(statSync(parent()).mode & 0o777).toBe(0o700)
  expect(statSync(join(parent(), HASH)).mode & 0o777).toBe(0o700)
})

test('a folder that is open to others is refused', () => {
  mkdirSync(parent())
  chmodSync(parent(), 0o777)
  expect(fault()).toEqual(refusal(/must be open to its owner alone: its mode is 777.*option folder/))
})

test('a link in place of the folder is refused', () => {
  mkdirSync(join(root, 'elsewhere'), { mode: 0o700 })
  symlinkSync(join(root, 'elsewhere'), parent())
  expect(fault()).toEqual(refusal(/must be a directory, and no link to one/))
})

test('a file in place of the folder is refused', () => {
  writeFileSync(parent(), '')
  expect(fault()).toEqual(refusal(/must be a directory/))
})

test('a folder of another user is refused', () => {
  mkdirSync(parent(), { mode: 0o700 })
  vi.spyOn(process, 'geteuid').mockReturnValue(process.geteuid!() + 1)
  const mine = join(root, `tallyscope-${process.geteuid!()}`)
  mkdirSync(mine, { mode: 0o700 })
  expect(fault()).toEqual(refusal(/belongs to user \d+, not to this process/))
  vi.restoreAllMocks()
})

test('a path that is too long for a socket is refused, since Node 20 would truncate it', () => {
  vi.stubEnv('TMPDIR', join(root, 'x'.repeat(100)))
  mkdirSync(join(root, 'x'.repeat(100)))
  expect(fault()).toEqual(refusal(/is too long: with the name of a socket it has \d+ bytes, at most 103/))
  expect(fault(join(root, 'y'.repeat(80)))).toEqual(refusal(/is too long/))
})

test('a folder that cannot be created is refused', () => {
  writeFileSync(join(root, 'file'), '')
  expect(fault(join(root, 'file', 'folder'))).toEqual(refusal(/cannot be made: ENOTDIR/))
  expect(fault('')).toEqual(refusal(/must be the path of a folder/))
})

test('a configured folder keeps its permissions, and groups in it are separate', () => {
  const given = join(root, 'given')
  mkdirSync(given)
  chmodSync(given, 0o770)
  const [one, other] = [openGroupFolder(HASH, given), openGroupFolder('fedcba9876543210', given)]
  writeFileSync(one.address(3), '')
  writeFileSync(other.address(7), '')
  expect(statSync(given).mode & 0o777).toBe(0o770)
  expect([one.generations(), other.generations()]).toEqual([[3], [7]])
  one.remove()
  expect(readdirSync(given)).toEqual(['fedcba9876543210.7.sock'])
})

test('generations are increasing numbers, including marks of earlier ones', () => {
  const folder = openGroupFolder(HASH)
  for (const generation of [10, 9, 2]) writeFileSync(folder.address(generation), '')
  writeFileSync(join(parent(), HASH, 'other'), '')
  folder.retire(11)
  expect(folder.generations()).toEqual([2, 9, 10, 11])
  expect([folder.has(10), folder.has(11)]).toEqual([true, false])
  folder.removeBelow(10)
  expect(folder.generations()).toEqual([10, 11])
  folder.remove()
  expect(readdirSync(join(parent(), HASH))).toEqual(['other'])
})

test('a folder that was deleted is created again', () => {
  const folder = openGroupFolder(HASH)
  folder.remove()
  expect(folder.generations()).toEqual([])
  expect(statSync(join(parent(), HASH)).isDirectory()).toBe(true)
})

test('a configured folder that was deleted is created again', () => {
  const given = join(root, 'given')
  const folder = openGroupFolder(HASH, given)
  rmSync(given, { recursive: true })
  expect(folder.generations()).toEqual([])
  expect(statSync(given).isDirectory()).toBe(true)
})

test('final rows that cannot be written, or exceed the size of a file, are reported by a warning', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const folder = openGroupFolder(HASH, join(root, 'given'))
  const id = 'a'.repeat(32)
  folder.writeFinalRows(
    id,
    Array.from({ length: 17 }, () => new Uint8Array(1 << 20)),
  )
  expect([folder.finalRowIds(), warned.mock.calls.length]).toEqual([[], 1])
  rmSync(join(root, 'given'), { recursive: true }) // as with a full disk: nothing can be written
  folder.writeFinalRows(id, [new Uint8Array(9)])
  expect(folder.finalRowIds()).toEqual([])
  vi.restoreAllMocks()
})

test('the last member removes the file of a process that was killed while writing', () => {
  const folder = openGroupFolder(HASH)
  writeFileSync(join(parent(), HASH, `${'a'.repeat(32)}.final.part`), 'half')
  folder.remove()
  expect(readdirSync(parent())).toEqual([])
})

test('Windows is refused, since its pipes cannot be protected', () => {
  expect(() => openGroupFolder(HASH, undefined, 'win32')).toThrow(refusal(/not supported/) as Error)
})
