// Texts that make an expression slow if anything does: a beginning that leads into it, something that repeats, an end that does
// not fit. Taken from the expression itself, by reading its source.

interface Sample {
  readonly texts: readonly string[]
  readonly characters: ReadonlySet<string>
}

const CLASS_CHARACTERS: Readonly<Record<string, readonly string[]>> = {
  d: ['0', '7'],
  w: ['a', '0', '_'],
  s: [' ', '\t'],
  S: ['x'],
  D: ['x'],
  W: ['-'],
  b: [''],
  B: [''],
}
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' }
/** Outside of most classes: it makes what came before fail at the end. */
const ALIENS = ['\u{1f4a5}', '\n', '!', 'x']
const MAX_TEXTS = 6

/** A few short texts that the expression takes, more or less, and the characters that it speaks of. */
function readPattern(source: string): Sample {
  const characters = new Set<string>()
  let at = 0

  const alternatives = (): string[] => {
    const all: string[] = []
    for (;;) {
      all.push(...sequence())
      if (source[at] !== '|') return all
      at++
    }
  }

  const sequence = (): string[] => {
    let texts = ['']
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const options = quantified(atom())
      texts = texts.flatMap((text) => options.map((option) => text + option)).slice(0, MAX_TEXTS)
    }
    return texts
  }

  const quantified = (options: string[]): string[] => {
    const match = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(source.slice(at))
    if (match === null) return options
    at += match[0].length
    const least = Number(match[1] ?? (match[0].startsWith('+') ? 1 : 0))
    return options.slice(0, 2).flatMap((option) => [option.repeat(Math.max(least, 1)), ...(least === 0 ? [''] : [])])
  }

  const atom = (): string[] => {
    const character = source[at++]!
    if (character === '(') return group()
    if (character === '[') return oneOf()
    if (character === '^' || character === '$') return ['']
    if (character === '.') return ['x']
    if (character === '\\') return escape()
    characters.add(character)
    return [character]
  }

  const group = (): string[] => {
    const kind = /^\?(?:[:=!]|<[=!]|<\w+>)/.exec(source.slice(at))?.[0] ?? ''
    at += kind.length
    const inner = alternatives()
    at++ // the bracket that closes
    return kind === '?!' || kind === '?<!' || kind === '?=' || kind === '?<=' ? [''] : inner
  }

  const escape = (): string[] => {
    const unicode = /^u(?:\{([\da-f]+)\}|([\da-f]{4}))|^x([\da-f]{2})/i.exec(source.slice(at))
    if (unicode !== null) {
      at += unicode[0].length
      const character = String.fromCodePoint(Number.parseInt(unicode[1] ?? unicode[2] ?? unicode[3]!, 16))
      characters.add(character)
      return [character]
    }
    const property = /^[pP]\{[^}]*\}/.exec(source.slice(at))
    if (property !== null) {
      at += property[0].length
      characters.add('\u0007')
      return ['\u0007']
    }
    const character = source[at++]!
    const options = CLASS_CHARACTERS[character] ?? [ESCAPED[character] ?? character]
    for (const option of options) characters.add(option)
    return options.slice(0, 1)
  }

  const oneOf = (): string[] => {
    const negated = source[at] === '^'
    if (negated) at++
    const members: string[] = []
    while (source[at] !== ']') {
      if (source[at] === '\\') {
        at++
        members.push(...escape())
      } else members.push(source[at++]!)
    }
    at++
    for (const member of members) characters.add(member)
    return negated ? ['x'] : members.slice(0, 2)
  }

  return { texts: alternatives(), characters }
}

export interface Attack {
  readonly prefix: string
  readonly pump: string
  readonly suffix: string
}

/** All attacks on an expression, some hundreds. */
export function attacksOn(source: string): Attack[] {
  const { texts, characters } = readPattern(source)
  const prefixes = [
    ...new Set(['', ...texts.flatMap((text) => [text, ...Array.from({ length: text.length }, (_, end) => text.slice(0, end))])]),
  ]
  const alphabet = [...new Set([...characters, ' ', 'a', '0', ...ALIENS])].filter((character) => character !== '')
  const pairs = alphabet.flatMap((one) => alphabet.filter((other) => other !== one).map((other) => one + other))
  const attacks: Attack[] = []
  for (const prefix of prefixes.slice(0, 10)) {
    for (const pump of alphabet) for (const suffix of ['', ALIENS[0]!]) attacks.push({ prefix, pump, suffix })
  }
  for (const prefix of prefixes.slice(0, 2)) {
    for (const pump of [...pairs.slice(0, 150), ...texts]) if (pump !== '') attacks.push({ prefix, pump, suffix: ALIENS[0]! })
  }
  return attacks
}

export function textOf({ prefix, pump, suffix }: Attack, length: number): string {
  return prefix + pump.repeat(Math.max(1, Math.floor(length / pump.length))) + suffix
}
