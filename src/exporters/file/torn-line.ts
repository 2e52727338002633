import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const LF = 0x0a

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

export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}
