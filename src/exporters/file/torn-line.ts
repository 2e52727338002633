import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'

const LF = 0x0a
/** How long the end of a file must stay as it is, inside a line, to be taken for torn. */
const TORN_AFTER_MS = 50
const MAX_LOOKS = 20

/**
 * Whether the file's last byte is something else than LF. False if the file may not be read. Throws if something
 * else keeps it from being read (no descriptors, say), since a line behind a torn one would be lost.
 */
export function endsInsideLine(path: string, stats: BigIntStats): boolean {
  if (!stats.isFile() || stats.size === 0n) return false
  let fd: number | undefined
  try {
    // Another file may have taken its place, of whatever kind: opening a pipe would block, so its descriptor is checked.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const found = fstatSync(fd, { bigint: true })
    const last = Buffer.alloc(1)
    const isSame = found.ino === stats.ino && found.dev === stats.dev
    return isSame && readSync(fd, last, 0, 1, Number(found.size) - 1) === 1 && last[0] !== LF
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOENT'].includes(String(codeOf(error)))) throw error
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * Whether the file ends inside a line for good. A line that another process is writing at this moment looks torn too, since
 * it becomes visible page by page; an LF after it would be an empty line.
 */
export async function staysTorn(path: string, found: BigIntStats, pause: (delayMs: number) => Promise<void>): Promise<boolean> {
  let { size } = found
  for (let look = 0; look < MAX_LOOKS && endsInsideLine(path, found); look++) {
    await pause(TORN_AFTER_MS)
    const now = statSync(path, { bigint: true, throwIfNoEntry: false })?.size
    if (now === size) return endsInsideLine(path, found)
    size = now ?? size
  }
  return false
}

export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}
