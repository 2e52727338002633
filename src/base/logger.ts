import { cutString } from './strings/intern-string.js'
import { escapeControlCharacters } from './strings/inspect-value.js'
import { processEnd } from './process-end.js'
import { processGlobal } from './process-global.js'

/** The methods of a pino logger that are used. Any object with these methods can be a logger. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const warned = processGlobal('warnings', () => new Set<string>())
const MAX_WARNINGS = 1_000
const MAX_SUBJECT_LENGTH = 256
const MAX_MESSAGE_LENGTH = 4_096

/**
 * Warns once with `process.emitWarning` and a code. A warning with the same code and another `subject` is emitted too. Messages are cut at
 * 4,096 code points; subjects are compared by their first 256.
 */
export function warnOnce(code: string, subject: string, text: string): void {
  const key = `${code} ${cutString(subject, MAX_SUBJECT_LENGTH)}`
  if (warned.has(key) || warned.size >= MAX_WARNINGS) return
  warned.add(key)
  const message = cutString(escapeControlCharacters(cutString(text, MAX_MESSAGE_LENGTH)), MAX_MESSAGE_LENGTH)
  const type = 'TallyscopeWarning'
  if (processEnd.isNow) emitNow(Object.assign(new Error(message), { name: type, code }))
  else process.emitWarning(message, { type, code })
}

/** Calls the listeners of `warning` one by one. The error of a listener would end the last exports, and change the status of the process. */
function emitNow(warning: Error): void {
  for (const listener of process.rawListeners('warning')) {
    try {
      listener.call(process, warning)
    } catch {
      // the process is ending
    }
  }
}
