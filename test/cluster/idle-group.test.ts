import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, expect, test, vi } from 'vitest'
import type { Membership } from '../../src/cluster/membership.js'
import { SocketChannel } from '../../src/cluster/net/socket-channel.js'
import { SocketMember } from './socket-member.js'

const folder = mkdtempSync(join(tmpdir(), 'ts-idle-'))
const started: Membership[] = []

afterAll(async () => {
  for (const membership of started.splice(0).reverse()) await membership.leave()
  rmSync(folder, { recursive: true, force: true })
})

function newMember(): SocketMember {
  const member = new SocketMember('idle', folder)
  started.push(member.membership)
  return member
}

test('a group sends nothing at ticks without new records, and sends after a record', async () => {
  const members = [newMember(), newMember(), newMember()]
  for (const { hits } of members) hits.inc({ kind: 'a' })
  for (const { membership } of members) await membership.families(4_000)
  await expect.poll(() => members.filter(({ member }) => member.roster.length === 3).length).toBe(3)
  for (const { membership } of members) await membership.families(4_000)
  const send = vi.spyOn(SocketChannel.prototype, 'send')
  const sentBytes = () => send.mock.calls.reduce((sum, [frame]) => sum + frame.length, 0)
  const tick = async () => {
    for (const { member, membership } of members) {
      membership.keeper?.tick()
      member.tick()
      await member.flush()
    }
    for (let at = 0; at < 20; at++) await turn()
  }
  const sentByATick = async () => {
    const before = sentBytes()
    await tick()
    return sentBytes() - before
  }
  await expect.poll(sentByATick).toBe(0) // what joining has caused is sent
  for (let at = 0; at < 50; at++) expect(await sentByATick()).toBe(0)
  for (const { hits } of members) hits.inc({ kind: 'a' })
  expect(await sentByATick()).toBeGreaterThan(0)
})
