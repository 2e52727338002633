const IN_VALUE = /[\\"\n]/
const IN_HELP = /[\\\n]/

/** Escapes a label value, or a HELP of OpenMetrics. Three characters and no others: readers refuse any other escape. */
export function escapeValue(text: string): string {
  return IN_VALUE.test(text) ? text.replace(/[\\"\n]/g, escaped) : text
}

/** Escapes a HELP of text 0.0.4, in which a quote stays as it is. */
export function escapeHelp(text: string): string {
  return IN_HELP.test(text) ? text.replace(/[\\\n]/g, escaped) : text
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
