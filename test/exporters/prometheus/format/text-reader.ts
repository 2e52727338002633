/**
 * A strict reader of the text format 0.0.4, written from its specification and sharing nothing with the source.
 * It refuses what any of the readers in the field refuses, and checks the shape of histograms, which most do not.
 */
export interface ReadSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

export interface ReadFamily {
  readonly name: string
  readonly type: string
  readonly help: string | undefined
  readonly samples: ReadSample[]
}

export function readText(document: string): Map<string, ReadFamily> {
  const families = new Map<string, ReadFamily & { type: string; help: string | undefined }>()
  const series = new Set<string>()
  const sampleNames = new Map<string, string>()
  let current: (ReadFamily & { type: string; help: string | undefined }) | undefined
  if (document === '') return families
  if (!document.endsWith('\n')) throw new Error('the last line does not end')
  if (document.includes('\uFEFF') && document.startsWith('\uFEFF')) throw new Error('byte order mark')

  const open = (name: string, lineNumber: number) => {
    if (current?.name === name) return current
    if (families.has(name)) throw new Error(`line ${lineNumber}: the family ${name} is in two parts`)
    current = { name, type: '', help: undefined, samples: [] }
    families.set(name, current)
    return current
  }

  const lines = document.slice(0, -1).split('\n')
  lines.forEach((text, i) => {
    const at = i + 1
    if (text === '') throw new Error(`line ${at}: blank`)
    if (text.startsWith('#')) {
      const match = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: (.*))?$/su.exec(text)
      if (match === null) throw new Error(`line ${at}: neither HELP nor TYPE: ${text}`)
      const [, what, name, rest = ''] = match as unknown as [string, string, string, string?]
      const family = open(name, at)
      if (family.samples.length > 0) throw new Error(`line ${at}: ${what} after samples`)
      if (what === 'HELP') {
        if (family.help !== undefined) throw new Error(`line ${at}: second HELP of ${name}`)
        if (family.type !== '') throw new Error(`line ${at}: HELP after TYPE of ${name}`)
        family.help = unescape(rest, '\\n', at)
      } else {
        if (family.type !== '') throw new Error(`line ${at}: second TYPE of ${name}`)
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`line ${at}: type ${rest}`)
        family.type = rest
      }
      return
    }
    const sample = readSample(text, at)
    if (current === undefined) throw new Error(`line ${at}: sample before any TYPE`)
    if (current.type === '') throw new Error(`line ${at}: no TYPE for ${current.name}`)
    if (!namesOf(current).includes(sample.name)) throw new Error(`line ${at}: ${sample.name} is not of the family ${current.name}`)
    const owner = sampleNames.get(sample.name)
    if (owner !== undefined && owner !== current.name) throw new Error(`line ${at}: ${sample.name} is of ${owner} too`)
    sampleNames.set(sample.name, current.name)
    const identity = JSON.stringify([sample.name, [...sample.labels].sort(([a], [b]) => (a < b ? -1 : 1))])
    if (series.has(identity)) throw new Error(`line ${at}: series twice: ${identity}`)
    series.add(identity)
    if (current.type === 'counter' && !(sample.value >= 0)) throw new Error(`line ${at}: counter of ${sample.value}`)
    current.samples.push(sample)
  })
  for (const family of families.values()) {
    if (family.samples.length === 0) throw new Error(`${family.name} has no samples`)
    if (family.type === 'histogram') checkHistogram(family)
    if (family.type === 'summary') checkSummary(family)
  }
  return families
}

function namesOf({ name, type }: ReadFamily): string[] {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`]
  if (type === 'summary') return [name, `${name}_sum`, `${name}_count`]
  return [name]
}

function readSample(text: string, at: number): ReadSample {
  let position = 0
  const fail = (what: string): never => {
    throw new Error(`line ${at}, column ${position + 1}: ${what}: ${text}`)
  }
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = position
    const match = pattern.exec(text)
    if (match === null) return fail(`expected ${pattern}`)
    position += match[0].length
    return match[0]
  }
  const name = take(/[a-zA-Z_:][a-zA-Z0-9_:]*/y)
  const labels = new Map<string, string>()
  if (text[position] === '{') {
    do {
      position++
      const key = take(/[a-zA-Z_][a-zA-Z0-9_]*/y)
      if (key.startsWith('__')) fail('reserved label')
      take(/="/y)
      let value = ''
      for (; text[position] !== '"'; position++) {
        const character = text[position]
        if (character === undefined) fail('value without end')
        if (character !== '\\') {
          value += character
          continue
        }
        position++
        const escaped = text[position]
        if (escaped === 'n') value += '\n'
        else if (escaped === '\\' || escaped === '"') value += escaped
        else fail('undefined escape')
      }
      position++
      if (value === '') fail('empty label')
      if (labels.has(key)) fail('label twice')
      labels.set(key, value)
    } while (text[position] === ',')
    take(/\}/y)
  }
  take(/ /y)
  const number = take(/[^ ]+/y)
  if (position !== text.length) fail('something after the value')
  return { name, labels, value: readNumber(number, fail) }
}

function readNumber(text: string, fail: (what: string) => never): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  if (text === 'NaN') return NaN
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) fail(`not a number: ${text}`)
  const value = Number(text)
  return Number.isFinite(value) ? value : fail('out of range')
}

function unescape(text: string, allowed: string, at: number): string {
  return text.replace(/\\(.?)/gsu, (_, character: string) => {
    if (character === '' || !`\\${allowed.slice(1)}`.includes(character)) throw new Error(`line ${at}: undefined escape \\${character}`)
    return character === 'n' ? '\n' : character
  })
}

function groups(family: ReadFamily, own: string): Map<string, ReadSample[]> {
  const found = new Map<string, ReadSample[]>()
  for (const sample of family.samples) {
    const key = JSON.stringify([...sample.labels].filter(([label]) => label !== own).sort(([a], [b]) => (a < b ? -1 : 1)))
    const samples = found.get(key)
    if (samples === undefined) found.set(key, [sample])
    else if (family.samples[family.samples.indexOf(sample) - 1] !== samples.at(-1)) throw new Error(`${family.name}${key} is in two parts`)
    else samples.push(sample)
  }
  return found
}

function checkHistogram(family: ReadFamily): void {
  for (const [key, samples] of groups(family, 'le')) {
    const buckets = samples.filter(({ name }) => name === `${family.name}_bucket`)
    const of = (suffix: string) => samples.find(({ name }) => name === family.name + suffix)?.value
    let below = 0
    let previous = -Infinity
    for (const { labels, value } of buckets) {
      const le = readNumber(labels.get('le') ?? '', (what) => {
        throw new Error(`${family.name}${key}: le ${what}`)
      })
      if (!(le > previous) || !Number.isInteger(value) || value < below) throw new Error(`${family.name}${key}: bucket ${le} of ${value}`)
      previous = le
      below = value
    }
    if (previous !== Infinity) throw new Error(`${family.name}${key}: no +Inf bucket`)
    if (of('_count') !== below) throw new Error(`${family.name}${key}: count ${of('_count')} is not ${below}`)
    if (of('_sum') === undefined) throw new Error(`${family.name}${key}: no sum`)
  }
}

function checkSummary(family: ReadFamily): void {
  for (const [key, samples] of groups(family, 'quantile')) {
    for (const suffix of ['_sum', '_count']) {
      if (!samples.some(({ name }) => name === family.name + suffix)) throw new Error(`${family.name}${key}: no ${suffix}`)
    }
    for (const { name, labels } of samples) {
      if ((name === family.name) !== labels.has('quantile')) throw new Error(`${family.name}${key}: quantile where none belongs`)
    }
  }
}
