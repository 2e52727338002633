import { escapeValue } from './escape.js'
import { OVERFLOW_LABEL } from './names.js'

/** Formats one line. `labels` is the content of the braces, which are omitted if it is empty. */
export function sampleLine(name: string, labels: string, value: string): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
}

/** Appends a label to the labels of a series. */
export function withLabel(labels: string, name: string, value: string): string {
  return labels === '' ? `${name}="${value}"` : `${labels},${name}="${value}"`
}

/** Formats the labels of a series, without braces. Labels that are not set are omitted. */
export function labelPairs(names: readonly string[], valueAt: (at: number) => string | undefined, overflow: boolean): string {
  let text = ''
  for (let at = 0; at < names.length; at++) {
    const value = valueAt(at)
    if (value !== undefined && value !== '') text += `${text === '' ? '' : ','}${names[at]}="${escapeValue(value)}"`
  }
  return overflow ? `${text === '' ? '' : `${text},`}${OVERFLOW_LABEL}="true"` : text
}
