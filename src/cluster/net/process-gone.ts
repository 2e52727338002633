import { readFileSync } from 'node:fs'

/** True if no process of this number runs, or only waits for its parent to take note of its end. */
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
    return false // not Linux, or hidden from us: it is taken to run
  }
}
