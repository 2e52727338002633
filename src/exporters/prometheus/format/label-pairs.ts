import { escapeValue } from './escape.js'
import { OVERFLOW_LABEL } from './names.js'

/** Formats the labels of a series, without braces. Labels that are not set are omitted. */
export function labelPairs(names: readonly string[], valueAt: (at: number) => string | undefined, overflow: boolean): string {
  let text = ''
  for (let at = 0; at < names.length; at++) {
    const value = valueAt(at)
    if (value !== undefined && value !== '') text += `${text === '' ? '' : ','}${names[at]}="${escapeValue(value)}"`
  }
  return overflow ? `${text === '' ? '' : `${text},`}${OVERFLOW_LABEL}="true"` : text
}
