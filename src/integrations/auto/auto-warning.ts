import { warnOnce } from '../../base/logger.js'

/** Logs what could not be done. The program goes on without it. */
export function warnOfAuto(what: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  warnOnce('TALLYSCOPE_AUTO', `${what} ${message}`, `cannot ${what}: ${message}`)
}
