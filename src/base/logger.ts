import { cutString } from './cut-string.js'
import { escapeControlCharacters } from './escape-control-characters.js'
import { processGlobal } from './process-global.js'

/** The part of pino's shape that is used; `console` wrapped or any other logger will do. */
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
 * `isNow` once the process is in its last turn: what is emitted in the usual way would come one tick too late. `isIdle` while
 * nothing has run since shutdown hooks flushed, because nothing was left to do.
 */
export const processEnd: { isNow: boolean; isIdle: boolean } = processGlobal('process-end', () => ({ isNow: false, isIdle: false }))

/**
 * Warns the developer once, through `process.emitWarning` with a code.
 * `subject` names the thing it is about: the same warning about another thing is logged again. Messages are cut at 4,096 code
 * points, subjects are compared by their first 256.
 */
export function warnOnce(code: string, subject: string, text: string): void {
  const key = `${code} ${cutString(subject, MAX_SUBJECT_LENGTH)}`
  if (warned.has(key) || warned.size >= MAX_WARNINGS) return
  warned.add(key)
  const message = cutString(escapeControlCharacters(cutString(text, MAX_MESSAGE_LENGTH)), MAX_MESSAGE_LENGTH)
  const type = 'TallyscopeWarning'
  if (processEnd.isNow) process.emit('warning', Object.assign(new Error(message), { name: type, code }))
  else process.emitWarning(message, { type, code })
}
