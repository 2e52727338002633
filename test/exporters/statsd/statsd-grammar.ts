/** One line of StatsD or DogStatsD, taken apart. */
export interface StatsdLine {
  readonly name: string
  readonly value: number
  readonly sign: boolean
  readonly type: string
  readonly rate: number
  readonly tags: ReadonlyMap<string, string>
  readonly fields: readonly string[]
}

const NUMBER = /^-?(?:\d+(?:\.\d+)?)$/
const NAME = /^[A-Za-z0-9_.-]+$/

/**
 * Reads a line strictly, by the grammar of each tag style, written apart from the exporter. Throws at anything that a receiver could
 * read in another way.
 */
export function parseLine(line: string, style: 'dogstatsd' | 'graphite' | 'influx' | 'none'): StatsdLine {
  const fail = (why: string): never => {
    throw new Error(`${why}: ${JSON.stringify(line)}`)
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(line)) fail('a control character')
  const colon = line.indexOf(':')
  if (colon < 0) fail('no colon')
  const tags = new Map<string, string>()
  const addTag = (text: string, between: string): void => {
    const at = text.indexOf(between)
    if (at <= 0 || at === text.length - 1) fail(`a tag without key or value, ${text}`)
    const key = text.slice(0, at)
    if (!/^[A-Za-z0-9_.\-/]+$/.test(key) || tags.has(key)) fail(`a key that is not legal, ${key}`)
    tags.set(key, text.slice(at + 1))
  }
  const [name = '', ...inName] = line.slice(0, colon).split(style === 'graphite' ? ';' : style === 'influx' ? ',' : '\n')
  if (!NAME.test(name)) fail('a name that is not legal')
  for (const tag of inName) {
    addTag(tag, '=')
    if ((style === 'graphite' ? /[^A-Za-z0-9_.-]/ : /[\s=:|]/).test(tag.slice(tag.indexOf('=') + 1)))
      fail(`a tag value that is not legal, ${tag}`)
  }
  const [value = '', type = '', ...rest] = line.slice(colon + 1).split('|')
  if (!NUMBER.test(value)) fail(`a value that is no plain number, ${value}`)
  if (!/^(?:c|g|d)$/.test(type)) fail(`a type that is not known, ${type}`)
  if (type === 'd' && style !== 'dogstatsd') fail('a distribution')
  let rate = 1
  const fields: string[] = []
  for (const [at, field] of rest.entries()) {
    if (field.startsWith('@') && at === 0) {
      rate = Number(field.slice(1))
      if (!NUMBER.test(field.slice(1)) || rate <= 0 || rate > 1) fail(`a rate that is not legal, ${field}`)
    } else if (field.startsWith('#') && style === 'dogstatsd' && tags.size === 0) {
      for (const tag of field.slice(1).split(',')) addTag(tag, ':')
    } else if (/^(?:e|card):\S+$/.test(field) && style === 'dogstatsd') fields.push(field)
    else fail(`a field that is not legal, ${field}`)
  }
  return { name, value: Number(value), sign: value.startsWith('-'), type, rate, tags, fields }
}
