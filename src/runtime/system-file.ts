import { readdirSync, readFileSync } from 'node:fs'

/**
 * Reads the small files in which Linux reports a process and its limits. Synchronously: behind them is the kernel's
 * memory and no disk, and related values are then read at one moment. Undefined if there is no such file.
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
