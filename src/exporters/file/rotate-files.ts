import { rename, rm } from 'node:fs/promises'

/** Makes way for a new file at `path`: `path` becomes `path.1`, `path.1` becomes `path.2`, and so on; the oldest goes. */
export async function rotate(path: string, maxFiles: number): Promise<void> {
  if (maxFiles <= 1) {
    await rm(path, { force: true })
    return
  }
  for (let number = maxFiles - 1; number >= 1; number--) {
    await move(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`)
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  }
}
