import { readdirSync, readFileSync } from 'node:fs'

/**
 * Reads the small files in which Linux reports a process and its limits. Synchronous, because they are in the kernel's memory, not on
 * a disk, and related values should be read at the same time. Undefined if there is no such file.
 */
export interface SystemFiles {
  read(path: string): string | undefined
  count(folder: string): number | undefined
}

export const systemFiles: SystemFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  count(folder) {
    try {
      return readdirSync(folder).length
    } catch {
      return undefined
    }
  },
}
