import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { removeAbandonedGroups } from '../../../src/cluster/net/abandoned-groups.js'
import { type GroupFolder, openGroupFolder } from '../../../src/cluster/net/group-folder.js'

const [OWN, OTHER] = ['0123456789abcdef', 'fedcba9876543210']
const NOW_UNIX_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000
let root = ''
const servers: Server[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ts-'))
  vi.stubEnv('TMPDIR', root)
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

const pathOf = (hash: string): string => join(root, `tallyscope-${process.geteuid!()}`, hash)

/** The folder of another group whose members have written their final rows, and that has not changed for so long. */
function groupOf(ageMs: number): GroupFolder {
  const folder = openGroupFolder(OTHER)
  folder.writeFinalRows('0'.repeat(32), [new Uint8Array(5)])
  folder.retire(2)
  setAge(ageMs)
  return folder
}

function setAge(ageMs: number): void {
  const atS = (NOW_UNIX_MS - ageMs) / 1_000
  utimesSync(pathOf(OTHER), atS, atS)
}

test('the files of a group that has ended are removed by another group after an hour', async () => {
  groupOf(HOUR_MS + 1)
  const own = openGroupFolder(OWN)
  own.retire(1)
  await removeAbandonedGroups(own, NOW_UNIX_MS)
  expect(existsSync(pathOf(OTHER))).toBe(false)
  expect(readdirSync(pathOf(OWN))).toEqual(['1.gone'])
})

test('the files of a group stay for an hour, for its next keeper', async () => {
  groupOf(HOUR_MS - 1)
  await removeAbandonedGroups(openGroupFolder(OWN), NOW_UNIX_MS)
  expect(readdirSync(pathOf(OTHER))).toHaveLength(2)
})

test('the files of a group whose keeper runs stay', async () => {
  const folder = groupOf(0)
  const server = createServer((socket) => socket.resume()).listen(folder.address(3))
  servers.push(server)
  await once(server, 'listening')
  setAge(100 * HOUR_MS)
  await removeAbandonedGroups(openGroupFolder(OWN), NOW_UNIX_MS)
  expect(readdirSync(pathOf(OTHER))).toContain('3.sock')
})

test('files that belong to no group stay, and their folder', async () => {
  groupOf(0)
  writeFileSync(join(pathOf(OTHER), 'notes'), '')
  setAge(HOUR_MS + 1)
  await removeAbandonedGroups(openGroupFolder(OWN), NOW_UNIX_MS)
  expect(readdirSync(pathOf(OTHER))).toEqual(['notes'])
})

test('a group in a folder that the user has named removes nothing beside it', async () => {
  groupOf(HOUR_MS + 1)
  await removeAbandonedGroups(openGroupFolder(OWN, pathOf(OWN)), NOW_UNIX_MS)
  expect(readdirSync(pathOf(OTHER))).toHaveLength(2)
})
