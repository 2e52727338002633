import { writeSync } from 'node:fs'
import { systemClock } from '../../base/clock.js'
import { errorCode } from '../../base/errors.js'

/** Time limit for writes at the end of a process. */
export const LAST_WRITE_MS = 500
/** Codes of writes that may succeed later: a pipe is full, or a signal came. */
export const REPEATABLE: ReadonlySet<unknown> = new Set(['EAGAIN', 'EINTR', 'EBUSY'])

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Blocks the thread for a millisecond. */
export function sleepSync(): void {
  Atomics.wait(sleeper, 0, 0, 1)
}

/**
 * Writes bytes from `at` on synchronously, and returns how many were written, at least one. Repeats until the monotonic time `endsMs` what
 * may succeed later, and throws the error of the system then.
 */
export function writeInTime(fd: number, bytes: Buffer, at: number, endsMs: number): number {
  for (;;) {
    let error: unknown = new Error('the system accepts no bytes')
    try {
      const written = writeSync(fd, bytes, at)
      if (written > 0) return written
    } catch (thrown) {
      if (!REPEATABLE.has(errorCode(thrown))) throw thrown
      error = thrown
    }
    if (systemClock.monotonicMs() >= endsMs) throw error
    sleepSync()
  }
}
