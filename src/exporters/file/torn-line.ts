import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { Clock } from '../../base/clock.js'
import { errorCode } from '../../base/errors.js'
import { shortPause } from '../../base/timer.js'

const LF = 0x0a
/** A partial line at the end of a file counts as torn if it has not grown for this time. */
const TORN_AFTER_MS = 50
const MAX_CHECKS = 20

/**
 * Returns true if the file's last byte is not a line feed. False if there is no permission to read it. Other errors are thrown, because a
 * line that is appended to a torn one would be lost.
 */
export function endsInsideLine(path: string, stats: BigIntStats): boolean {
  if (!stats.isFile() || stats.size === 0n) return false
  let fd: number | undefined
  try {
    // The file may have been replaced, even by a pipe: open it non-blocking and compare the identity.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const found = fstatSync(fd, { bigint: true })
    const last = Buffer.alloc(1)
    const isSame = found.ino === stats.ino && found.dev === stats.dev
    return isSame && readSync(fd, last, 0, 1, Number(found.size) - 1) === 1 && last[0] !== LF
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOENT'].includes(errorCode(error) ?? '')) throw error
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * Returns true if the file ends with a torn line. Waits if another process may still be writing the line, since a large write becomes
 * visible page by page.
 */
export async function staysTorn(path: string, found: BigIntStats, clock: Clock): Promise<boolean> {
  let { size } = found
  for (let check = 0; check < MAX_CHECKS && endsInsideLine(path, found); check++) {
    await shortPause(TORN_AFTER_MS, clock)
    const now = statSync(path, { bigint: true, throwIfNoEntry: false })?.size
    if (now === size) return endsInsideLine(path, found)
    size = now ?? size
  }
  return false
}
