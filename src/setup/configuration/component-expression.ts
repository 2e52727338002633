/** A parsed string such as `name(1, key=value)`. There may be no component with this name. */
export interface ComponentCall {
  readonly kind: 'call'
  readonly name: string
  readonly positional: readonly TextValue[]
  readonly named: Readonly<Record<string, TextValue>>
}

/** A value in an expression. A word without quotes is a string or a component, as the caller decides. */
export type TextValue =
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly TextValue[] }
  | ComponentCall

/** Thrown for a string that is not a valid expression. `at` is the position of the first wrong character. */
export class ExpressionFault extends Error {
  readonly at: number
  constructor(at: number, expected: string) {
    super(`${expected} is missing at character ${at}`)
    this.at = at
  }
}

const MAX_LENGTH = 10_000
const MAX_DEPTH = 10

/**
 * Parses a string that describes a component, such as `probability(0.5)`, `file(path=traces.jsonl)` or
 * `opencensus.trace.samplers.ProbabilitySampler(rate=1)`. Names are looked up in a table; nothing is evaluated.
 *
 * @throws {@link ExpressionFault}
 */
export function parseExpression(text: string): TextValue {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

/** Parses expressions separated by commas: `console, file(path=traces.jsonl)`. Brackets around them are optional. */
export function parseExpressions(text: string): readonly TextValue[] {
  const reader = new Reader(text)
  const items = reader.items('', 0)
  reader.end()
  const [only] = items
  return items.length === 1 && only?.kind === 'list' ? only.items : items
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    if (text.length > MAX_LENGTH) throw new ExpressionFault(MAX_LENGTH, 'the end')
    this.#text = text
  }

  end(): void {
    this.#blanks()
    if (this.#at < this.#text.length) throw new ExpressionFault(this.#at, 'the end')
  }

  value(depth: number): TextValue {
    if (depth > MAX_DEPTH) throw new ExpressionFault(this.#at, 'a simpler value')
    this.#blanks()
    const next = this.#text[this.#at]
    if (next === '"' || next === "'") return { kind: 'quoted', text: this.#quoted(next) }
    if (next === '[') {
      this.#at++
      const items = this.items(']', depth)
      this.#expect(']')
      return { kind: 'list', items }
    }
    const word = this.#take(/[^\s,()[\]"'=]+(?:[ \t]+[^\s,()[\]"'=]+)*/y)
    if (word === undefined) throw new ExpressionFault(this.#at, 'a value')
    this.#blanks()
    return this.#text[this.#at] === '(' ? this.#call(word, depth) : { kind: 'word', text: word }
  }

  /** Parses values separated by commas. A trailing comma is allowed. */
  items(end: string, depth: number): TextValue[] {
    const items: TextValue[] = []
    for (;;) {
      this.#blanks()
      if (this.#at >= this.#text.length || this.#text[this.#at] === end) return items
      items.push(this.value(depth + 1))
      this.#blanks()
      if (this.#text[this.#at] !== ',') return items
      this.#at++
    }
  }

  #call(name: string, depth: number): ComponentCall {
    this.#expect('(')
    const positional: TextValue[] = []
    const named = new Map<string, TextValue>()
    for (;;) {
      this.#blanks()
      if (this.#text[this.#at] === ')') break
      const key = this.#take(/([A-Za-z_]\w*)\s*=(?!=)\s*/y)
      if (key === undefined && named.size > 0) throw new ExpressionFault(this.#at, 'a name with =')
      const value = this.value(depth + 1)
      if (key === undefined) positional.push(value)
      else named.set(key, value)
      this.#blanks()
      if (this.#text[this.#at] !== ',') break
      this.#at++
    }
    this.#expect(')')
    return { kind: 'call', name, positional, named: Object.fromEntries(named) }
  }

  #quoted(quote: string): string {
    let text = ''
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at]!
      if (character === quote) {
        this.#at = at + 1
        return text
      }
      text += character === '\\' ? (this.#text[++at] ?? '') : character
    }
    throw new ExpressionFault(this.#text.length, `the closing ${quote}`)
  }

  #expect(character: string): void {
    this.#blanks()
    if (this.#text[this.#at] !== character) throw new ExpressionFault(this.#at, character)
    this.#at++
  }

  #blanks(): void {
    while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at]!)) this.#at++
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#at = pattern.lastIndex
    return match[1] ?? match[0]
  }
}
