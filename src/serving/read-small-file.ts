import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/**
 * Reads a regular file of at most `maxBytes`, without waiting: a pipe or a device is refused.
 * @throws Error whose message names the cause, such as `ENOENT`; nothing of the content is in it.
 */
export function readSmallFile(path: string, maxBytes: number): string {
  let descriptor: number | undefined
  try {
    // Without O_NONBLOCK, opening a pipe would block the process until something is written.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.size > maxBytes) throw new Error(`it is no regular file of at most ${maxBytes} bytes`)
    return readFileSync(descriptor, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code ?? message, { cause: error })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
