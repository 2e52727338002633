import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { amount, figure } from '../faults/amount.js'
import { SocketMember } from './socket-member.js'

// As many members as a large machine has, in one process, over real sockets.

const MEMBERS = 64
const folder = mkdtempSync(join(tmpdir(), 'ts-many-'))
const open = new Set<SocketMember>()

afterAll(async () => {
  for (const { membership } of [...open].reverse()) await membership.leave() // the keepers last
  rmSync(folder, { recursive: true, force: true })
}, 120_000)

function start(hash: string): SocketMember {
  const started = new SocketMember(hash, folder)
  open.add(started)
  started.hits.inc(1, { kind: 'a' })
  return started
}

/** Leaves a file of a socket on which nobody listens, as a process does that is killed. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(`${path}.alive`, resolve))
  renameSync(`${path}.alive`, path)
  await new Promise((resolve) => void server.close(resolve))
}

const slotsOf = (one: SocketMember): number[] => one.member.roster.map(({ slot }) => slot)
const IN_TIME = { timeout: 30_000 }

test('64 members that start at once beside the sockets of dead keepers have one keeper', async () => {
  for (const generation of [1, 2]) await leaveDeadSocket(openGroupFolder('many', folder).address(generation))
  const members = Array.from({ length: MEMBERS }, () => start('many'))
  for (const one of members) await expect.poll(() => one.total().catch(() => 0), IN_TIME).toBe(MEMBERS)
  expect(members.filter(({ membership }) => membership.isKeeper)).toHaveLength(1)
  for (const one of members) await expect.poll(() => slotsOf(one), IN_TIME).toEqual([...Array(MEMBERS).keys()])
})

test('in a storm of restarts no total falls, slots are used again, and memory stays flat', { timeout: 600_000 }, async () => {
  const restarts = amount(100, 1_200)
  const keeper = start('storm')
  await expect.poll(() => keeper.total().catch(() => 0), IN_TIME).toBe(1)
  let others = Array.from({ length: 16 }, () => start('storm'))
  let total = 1 + others.length
  await expect.poll(() => keeper.total().catch(() => 0), IN_TIME).toBe(total)
  const heap: number[] = []
  let greatestSlot = 0
  for (let restart = 0; restart < restarts; restart++) {
    const [gone, ...stay] = others
    open.delete(gone!)
    const next = start('storm')
    await Promise.all([gone!.membership.leave(), next.membership.flush()])
    others = [...stay, next]
    let seen = total
    const look = async (): Promise<number> => {
      const now = await keeper.total()
      expect(now).toBeGreaterThanOrEqual(seen)
      return (seen = now)
    }
    await expect.poll(look, IN_TIME).toBe(++total)
    greatestSlot = Math.max(greatestSlot, ...slotsOf(keeper))
    if (restart === restarts >> 1 || restart === restarts - 1) {
      gc!()
      heap.push(process.memoryUsage().heapUsed)
    }
  }
  expect(greatestSlot).toBeLessThan(others.length + 3)
  const grownMB = (heap[1]! - heap[0]!) / 2 ** 20
  figure(
    `${restarts} restarts in a row, ${others.length} members: heap of all of them, collected`,
    `${grownMB.toFixed(1)} MB more in the second half`,
  )
  expect(grownMB).toBeLessThan(2)
})
