import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Reads a regular file of at most `maxBytes`. Refuses pipes and devices without waiting for them.
 * @throws Error with the cause in its message, such as `ENOENT`, and without the content.
 */
export function readSmallFile(path: string, maxBytes: number): string {
  let descriptor: number | undefined
  try {
    // Without O_NONBLOCK, opening a pipe would block the process until something is written.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.size > maxBytes) throw tooLarge(maxBytes)
    return readUpTo(descriptor, maxBytes)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code ?? message, { cause: error })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** Reads to the end. Files of /proc have the size 0, and some of them have no end. */
function readUpTo(descriptor: number, maxBytes: number): string {
  const bytes = Buffer.alloc(maxBytes + 1)
  let length = 0
  while (length <= maxBytes) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, null)
    if (read === 0) return bytes.toString('utf8', 0, length)
    length += read
  }
  throw tooLarge(maxBytes)
}

function tooLarge(maxBytes: number): Error {
  return new Error(`it is not a regular file of at most ${maxBytes} bytes`)
}
