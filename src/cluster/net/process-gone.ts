import { readFileSync } from 'node:fs'

/** True if there is no process with this id, or only a zombie. */
export function isProcessGone(pid: number): boolean {
  try {
    process.kill(pid, 0) // sends nothing
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false // without /proc, or without permission to read it, the process is assumed to run
  }
}
