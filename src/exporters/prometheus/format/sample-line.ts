/** Formats one line. `labels` is the content of the braces, which are omitted if it is empty. */
export function sampleLine(name: string, labels: string, value: string): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
}

/** Appends a label to the labels of a series. */
export function withLabel(labels: string, name: string, value: string): string {
  return labels === '' ? `${name}="${value}"` : `${labels},${name}="${value}"`
}
