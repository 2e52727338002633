import { warnOnce } from '../../base/logger.js'

/** Logs that a step of the automatic start failed, once for each message. The program continues without it. */
export function warnOfAuto(what: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  warnOnce('TALLYSCOPE_AUTO', `${what} ${message}`, `cannot ${what}: ${message}`)
}
