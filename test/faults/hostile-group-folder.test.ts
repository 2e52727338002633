import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GroupFolder, openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { meet } from '../../src/cluster/net/rendezvous.js'

// Another process, which may write to a folder that was given for a group, puts files of the group's names into it.

const HASH = '0123456789abcdef'
const ID = 'ab'.repeat(16)
let path: string
let victim: string
let folder: GroupFolder

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'ts-'))
  victim = join(path, 'victim')
  writeFileSync(victim, 'precious')
  folder = openGroupFolder(HASH, path)
})

afterEach(() => {
  rmSync(path, { recursive: true })
})

const named = (name: string): string => join(path, `${HASH}.${name}`)
const makePipe = (name: string): void => void execFileSync('mkfifo', [named(name)])
const frames = [Buffer.from('rows')]

test('a link or pipe in place of a file that is written is neither followed nor waited for', () => {
  symlinkSync(victim, named('1.gone'))
  folder.retire(1)
  makePipe('2.gone')
  folder.retire(2)
  symlinkSync(victim, named(`${ID}.final.part`))
  folder.writeFinalRows(ID, frames)
  expect(lstatSync(named(`${ID}.final`)).mode & 0o7777).toBe(0o600)
  expect(String(folder.readFinalRows(ID))).toBe('rows')
  makePipe(`${ID}.final.part`)
  folder.writeFinalRows(ID, frames)
  symlinkSync(victim, named(`${'c'.repeat(32)}.final`))
  folder.writeFinalRows('c'.repeat(32), frames)
  expect(readFileSync(victim, 'utf8')).toBe('precious')
})

test('a pipe, link, folder, device or endless file in place of final rows is not read', () => {
  makePipe(`${ID}.final`)
  expect(folder.finalRowIds()).toEqual([ID])
  expect(folder.readFinalRows(ID)).toBeUndefined()
  folder.removeFinalRows(ID)
  for (const target of [victim, '/dev/zero', path]) {
    symlinkSync(target, named(`${ID}.final`))
    expect(folder.readFinalRows(ID), target).toBeUndefined()
    folder.removeFinalRows(ID)
  }
  writeFileSync(named(`${ID}.final`), '')
  truncateSync(named(`${ID}.final`), 2 ** 40)
  expect(folder.readFinalRows(ID)).toBeUndefined()
  folder.removeFinalRows(ID)
  expect([existsSync(named(`${ID}.final`)), readFileSync(victim, 'utf8')]).toEqual([false, 'precious'])
})

test('a file with the greatest name for a socket is an error, and no search without end', async () => {
  writeFileSync(named(`${Number.MAX_SAFE_INTEGER}.sock`), '')
  const signal = AbortSignal.timeout(5_000)
  await expect(meet({ folder, patienceMs: 0, canLead: true, signal })).rejects.toMatchObject({ code: 'ERR_GROUP_FOLDER' })
})
