const IN_VALUE = /[\\"\n]/
const IN_HELP = /[\\\n]/

/** Escapes a label value, or a HELP text of OpenMetrics. Parsers reject escapes of other characters. */
export function escapeValue(text: string): string {
  return IN_VALUE.test(text) ? text.replace(/[\\"\n]/g, escaped) : text
}

/** Escapes a HELP text of format 0.0.4, in which quotes are not escaped. */
export function escapeHelp(text: string): string {
  return IN_HELP.test(text) ? text.replace(/[\\\n]/g, escaped) : text
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
