/** Samples of a text document by name and labels, read independently of what has written it. Label order does not count. */
export function parseSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const match = /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)/.exec(line)
    if (match === null) throw new Error(`no sample: ${line}`)
    const [, name, labels = '', value] = match
    const pairs = Array.from(labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, key, text]) => `${key}=${canonical(key!, text!)}`)
    const key = `${name}{${pairs
      .filter((pair) => !pair.endsWith('='))
      .sort()
      .join(',')}}`
    if (samples.has(key)) throw new Error(`twice: ${key}`)
    samples.set(
      key,
      value === '+Inf'
        ? Number.POSITIVE_INFINITY
        : value === '-Inf'
          ? Number.NEGATIVE_INFINITY
          : value === 'Nan'
            ? Number.NaN
            : Number(value),
    )
  }
  return samples
}

/** Bounds and quantiles are numbers: 1 and 1.0 are the same. */
function canonical(key: string, text: string): string {
  return (key === 'le' || key === 'quantile') && text !== '+Inf' ? String(Number(text)) : text
}

/** `# TYPE` lines by name. */
export function parseTypes(text: string): Record<string, string> {
  return Object.fromEntries(Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name, type]) => [name!, type!]))
}
