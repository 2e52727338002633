import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { constants } from 'node:fs'

/** Numbers that rotation looks at: the most files an exporter keeps, and as many that are not ours. */
const MAX_NUMBER = 2_000
/** As JSON begins. */
const LINE_START = /[[{"\d-]/

/**
 * Makes way for a new file at `path`: `path` becomes `path.1`, `path.1` becomes `path.2`, and so on; the oldest are removed, and
 * with them those beyond `maxFiles`. Numbered files that are not ours are left alone and their numbers passed over.
 */
export async function rotate(path: string, maxFiles: number): Promise<void> {
  const names = [path]
  for (let number = 1; number <= MAX_NUMBER; number++) {
    const name = `${path}.${number}`
    const owner = await ownerOf(name)
    if (owner === 'none' && names.length >= maxFiles) break
    if (owner !== 'others') names.push(name)
  }
  for (const surplus of names.splice(maxFiles)) await rm(surplus, { force: true })
  if (maxFiles === 1) return rm(path, { force: true })
  for (let at = names.length - 1; at >= 1; at--) await move(names[at - 1]!, names[at]!)
}

/** A file is ours if it is a regular file of this user that begins as our lines do. */
async function ownerOf(name: string): Promise<'us' | 'others' | 'none'> {
  let handle: FileHandle | undefined
  try {
    const found = await lstat(name)
    if (!found.isFile() || (process.getuid !== undefined && found.uid !== process.getuid())) return 'others'
    handle = await open(name, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0)
    return bytesRead === 0 || LINE_START.test(buffer.toString()) ? 'us' : 'others'
  } catch (error) {
    return (error as { code?: unknown }).code === 'ENOENT' ? 'none' : 'others'
  } finally {
    await handle?.close()
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  }
}
