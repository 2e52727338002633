import type { Logger } from '../../base/logger.js'
import { traceLogFields } from './trace-log-fields.js'

/**
 * A logger whose lines carry the ids of the current span; fields passed with a line stay as they are.
 * @param logger Anything with pino's `debug`, `info`, `warn` and `error`.
 * @example
 * const logger = tracedLogger(pino())
 */
export function tracedLogger(logger: Logger): Logger {
  const level =
    (name: keyof Logger) =>
    (fields: object, message: string): void =>
      logger[name]({ ...traceLogFields(), ...fields }, message)
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

/** What is used of a console. */
export type ConsoleLike = Pick<Console, 'debug' | 'info' | 'warn' | 'error'>

/**
 * A logger that writes to a console: the message, then the fields, the ids of the current span among them.
 * @param to Default: the global console.
 */
export function tracedConsole(to: ConsoleLike = globalThis.console): Logger {
  const level =
    (name: keyof ConsoleLike) =>
    (fields: object, message: string): void => {
      const all = { ...traceLogFields(), ...fields }
      if (Object.keys(all).length === 0) to[name](message)
      else to[name](message, all)
    }
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}
