import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openGroupFolder } from '../../../src/cluster/net/group-folder.js'
import { meet, type Meeting } from '../../../src/cluster/net/rendezvous.js'

let path = ''
let ending = new AbortController()
const met: Meeting[] = []

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'ts-'))
  ending = new AbortController()
})
afterEach(() => {
  ending.abort()
  for (const each of met.splice(0)) {
    if (each.role === 'keeper') each.server.close()
    else each.socket.destroy()
  }
})

async function join_(options: { canLead?: boolean; above?: number; patienceMs?: number } = {}): Promise<Meeting> {
  const folder = openGroupFolder('g', path)
  const meeting = await meet({ folder, patienceMs: 0, canLead: true, signal: ending.signal, ...options })
  met.push(meeting)
  return meeting
}

const brief = ({ role, generation }: Meeting): [string, number] => [role, generation]

test('the first process is the keeper, and the next ones are its members', async () => {
  expect(brief(await join_())).toEqual(['keeper', 1])
  expect(brief(await join_())).toEqual(['member', 1])
  expect(brief(await join_({ canLead: false }))).toEqual(['member', 1])
})

test('one of twenty processes that start at once is the keeper', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => join_()))
  expect(all.filter(({ role }) => role === 'keeper')).toHaveLength(1)
  expect(new Set(all.map(({ generation }) => generation)).size).toBe(1)
})

test('one of twenty processes that find a dead socket binds the next generation and removes the dead socket', async () => {
  writeFileSync(openGroupFolder('g', path).address(4), '')
  const all = await Promise.all(Array.from({ length: 20 }, () => join_({ patienceMs: 20 })))
  expect(all.filter(({ role }) => role === 'keeper')).toHaveLength(1)
  expect(all.find(({ role }) => role === 'keeper')).toMatchObject({ followsDead: true, generation: 5 })
  expect(readdirSync(path)).toEqual(['g.5.sock'])
})

test('a hanging keeper is replaced by the next generation', async () => {
  const hung = createServer()
  await new Promise<void>((resolve) => void hung.listen(openGroupFolder('g', path).address(1), resolve))
  expect(brief(await join_({ above: 1 }))).toEqual(['keeper', 2])
  expect(brief(await join_({ above: 1 }))).toEqual(['member', 2])
  hung.close()
})

test('a process that may not lead waits for a keeper', async () => {
  const waiting = join_({ canLead: false })
  expect(brief(await join_())).toEqual(['keeper', 1])
  expect(brief(await waiting)).toEqual(['member', 1])
})

test('joining ends if its signal is aborted', async () => {
  const waiting = join_({ canLead: false })
  ending.abort(new Error('over'))
  await expect(waiting).rejects.toThrow()
})

test('a process that cannot read the folder after it has bound a socket does not listen on it', async () => {
  const folder = openGroupFolder('g', path)
  vi.spyOn(folder, 'removeBelow').mockImplementation(() => {
    throw new Error('EMFILE')
  })
  await expect(meet({ folder, patienceMs: 0, canLead: true, signal: ending.signal })).rejects.toThrow('EMFILE')
  expect((await join_()).role).toBe('keeper')
})
