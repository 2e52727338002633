import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { constants } from 'node:fs'
import { errorCode } from '../../base/errors.js'

/** The highest number that is checked: the maximum of `maxFiles`, and as many files of other programs. */
const MAX_NUMBER = 2_000
/** So many numbers in a row without a file are the end. Fewer may be files that somebody has removed. */
const MAX_GAP = 20
/** The first character of JSON. */
const LINE_START = /[[{"\d-]/

/**
 * Renames `path` to `path.1`, `path.1` to `path.2`, and so on, and removes all files beyond `maxFiles`. Numbers of files that were not
 * written by a {@link FileExporter} are skipped.
 */
export async function rotate(path: string, maxFiles: number): Promise<void> {
  const names = [path]
  let gap = 0
  for (let number = 1; number <= MAX_NUMBER && (names.length < maxFiles || gap < MAX_GAP); number++) {
    const name = `${path}.${number}`
    const owner = await ownerOf(name)
    gap = owner === 'none' ? gap + 1 : 0
    if (owner === 'us' || (owner === 'none' && names.length < maxFiles)) names.push(name)
  }
  for (const surplus of names.splice(maxFiles)) await rm(surplus, { force: true })
  if (maxFiles === 1) return rm(path, { force: true })
  for (let at = names.length - 1; at >= 1; at--) await move(names[at - 1]!, names[at]!)
}

/** `us` means a regular file of this user that begins like JSON. */
async function ownerOf(name: string): Promise<'us' | 'others' | 'none'> {
  let handle: FileHandle | undefined
  try {
    const found = await lstat(name)
    if (!found.isFile() || (process.getuid !== undefined && found.uid !== process.getuid())) return 'others'
    handle = await open(name, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0)
    return bytesRead === 0 || LINE_START.test(buffer.toString()) ? 'us' : 'others'
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'none' : 'others'
  } finally {
    await handle?.close()
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
