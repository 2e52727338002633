import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, expect, test, vi } from 'vitest'
import { timerClock } from '../../src/base/clock.js'
import { DEFAULT_DATA_LIMITS } from '../../src/cluster/data/contributor.js'
import { groupData } from '../../src/cluster/engine-data.js'
import { Member } from '../../src/cluster/member.js'
import { Membership } from '../../src/cluster/membership.js'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { SocketChannel } from '../../src/cluster/net/socket-channel.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'

const folder = mkdtempSync(join(tmpdir(), 'ts-idle-'))
const started: Membership[] = []

afterAll(async () => {
  for (const membership of started.splice(0).reverse()) await membership.leave()
  rmSync(folder, { recursive: true, force: true })
})

function newMember() {
  const registry = new MetricRegistry()
  const hits = registry.counter('hits', { labelKeys: ['kind'] })
  const data = groupData({ limits: DEFAULT_DATA_LIMITS, perMember: [], clock: timerClock })
  const member = new Member(newId(), data, [registry], true)
  const membership = new Membership({ member, data, folder: openGroupFolder('idle', folder), maxMembers: 256 })
  started.push(membership)
  membership.start()
  return { hits, member, membership }
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
