import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { newId } from '../../src/cluster/net/new-id.js'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { SocketMember } from './socket-member.js'

const folder = mkdtempSync(join(tmpdir(), 'ts-full-'))
const isMounted = mounted()

/** A disk of 64 kB in the folder, which only root may mount, and not in every container. */
function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', folder], { stdio: 'pipe' })
    return true
  } catch (error) {
    console.log(`no disk can be mounted, so that a full one is not tested: ${String(error)}`)
    return false
  }
}

afterAll(() => {
  if (isMounted) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true, force: true })
})

function fill(): void {
  for (let kilobytes = 64; kilobytes >= 1; kilobytes /= 2) {
    try {
      writeFileSync(join(folder, `filler of ${kilobytes}`), new Uint8Array(kilobytes * 1_024))
    } catch {
      // The disk has less room than this.
    }
  }
}

test.skipIf(!isMounted)('on a full disk members find each other, and one that ends loses nothing', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  fill()
  const given = openGroupFolder('full', folder)
  given.writeFinalRows(newId(), [new Uint8Array(8_192)])
  expect([given.finalRowIds(), warned.mock.calls.length]).toEqual([[], 1])
  const members = [1, 10, 100].map((hits) => {
    const one = new SocketMember('full', folder)
    one.hits.inc(hits, { kind: 'a' })
    return one
  })
  for (const one of members) await expect.poll(() => one.total().catch(() => 0)).toBe(111)
  const [keeper, gone, stays] = members.sort((a, b) => Number(b.membership.isKeeper) - Number(a.membership.isKeeper))
  gone!.hits.inc(1_000, { kind: 'a' })
  await gone!.membership.leave()
  await expect.poll(() => keeper!.total()).toBe(1_111)
  await keeper!.membership.leave()
  await expect.poll(() => stays!.total().catch(() => 0)).toBe(1_111)
  await stays!.membership.leave()
  vi.restoreAllMocks()
})
