import { readdirSync, readFileSync } from 'node:fs'

/**
 * Reads the small files by which Linux tells about a process and its limits. Synchronously: behind them is the kernel's
 * memory and no disk, and what belongs together is then of one moment. Undefined where there is none.
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
