import { closeSync, constants, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'

/** Writes a file that does not exist. With O_EXCL, links are not followed and pipes not opened, which others may have put there. */
export function writeNew(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
}

/** Reads a regular file. Follows no link, and does not wait for a pipe. @throws Error unless it is a regular file of at most `maxBytes`. */
export function readRegular(path: string, maxBytes: number): Uint8Array {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.size > maxBytes) throw new Error(`it is not a regular file of at most ${maxBytes} bytes`)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** True if a file could not be opened because the process, or the system, has too many open files. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EMFILE' || code === 'ENFILE'
}
