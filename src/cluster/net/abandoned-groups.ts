import type { GroupFolder } from './group-folder.js'
import { tryConnect } from './rendezvous.js'

/** Longer than any time after which members read files of a former keeper or member. */
const ABANDONED_AFTER_MS = 3_600_000

/**
 * Removes the files of groups that have ended. Members that end leave their final rows to the next keeper, and there is none if the whole
 * service ends. Call it in a new keeper.
 */
export async function removeAbandonedGroups(folder: GroupFolder, nowUnixMs: number): Promise<void> {
  for (const other of folder.unchangedSince(nowUnixMs - ABANDONED_AFTER_MS)) if (await isDead(other)) other.remove()
}

async function isDead(folder: GroupFolder): Promise<boolean> {
  const newest = folder.generations().at(-1)
  if (newest === undefined) return true
  const socket = await tryConnect(folder.address(newest))
  if (typeof socket === 'object') socket.destroy()
  return socket === 'dead'
}
