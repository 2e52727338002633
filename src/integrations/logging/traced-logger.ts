import { format } from 'node:util'
import { checkMethods } from '../../base/check-options.js'
import { isError } from '../../base/errors.js'
import type { Logger } from '../../base/logger.js'
import { traceLogFields } from './trace-log-fields.js'

/**
 * Returns a logger that adds the ids of the current span to each line. Fields of the same names in a line take precedence. As in pino, an
 * error instead of fields becomes the field `err`, and a string is the message.
 * @param logger A logger with pino's `debug`, `info`, `warn` and `error`.
 * @throws {@link DefinitionError} `ERR_OPTION` if one of them is missing.
 * @example
 * const logger = tracedLogger(pino())
 */
export function tracedLogger(logger: Logger): Logger {
  checkMethods('ERR_OPTION', 'the logger of tracedLogger', logger, ['debug', 'info', 'warn', 'error'])
  const level =
    (name: keyof Logger) =>
    (...line: unknown[]): void =>
      (logger[name] as (...line: unknown[]) => void).apply(logger, withIds(line))
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

/** The methods of a console that {@link tracedConsole} uses. */
export type ConsoleLike = Pick<Console, 'debug' | 'info' | 'warn' | 'error'>

/**
 * Returns a logger that writes the message, the fields and the ids of the current span to a console. Arguments after the message are values for
 * its format, as with a console.
 * @param to Default: the global console.
 * @throws {@link DefinitionError} `ERR_OPTION` if one of these methods is missing.
 */
export function tracedConsole(to: ConsoleLike = globalThis.console): Logger {
  checkMethods('ERR_OPTION', 'the console of tracedConsole', to, ['debug', 'info', 'warn', 'error'])
  const level =
    (name: keyof ConsoleLike) =>
    (...line: unknown[]): void => {
      const [all, message, ...values] = withIds(line)
      if (Object.keys(all).length === 0) to[name](message, ...values)
      else to[name](unformatted(values.length === 0 ? message : format(message, ...values)), all)
    }
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

/** The arguments of a line with the ids of the current span. A spread of an error or a string would lose it. */
function withIds([first, ...rest]: readonly unknown[]): [fields: object, message: string, ...rest: unknown[]] {
  const ids = traceLogFields()
  if (typeof first === 'string') return [{ ...ids }, first, ...rest]
  if (!isError(first)) return [{ ...ids, ...(first as object) }, ...(rest as [string])]
  const [message = first.message, ...more] = rest
  return [{ ...ids, err: first }, message as string, ...more]
}

/** A console takes the first of several arguments for a format: `%s` would print the fields, and `%c` nothing. */
function unformatted(message: unknown): unknown {
  return typeof message === 'string' ? message.replaceAll('%', '%%') : message
}
