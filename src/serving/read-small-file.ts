import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

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
    if (!stat.isFile() || stat.size > maxBytes) throw new Error(`it is not a regular file of at most ${maxBytes} bytes`)
    return readFileSync(descriptor, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code ?? message, { cause: error })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
