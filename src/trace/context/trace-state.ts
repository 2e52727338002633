const MAX_MEMBERS = 32
const MAX_LENGTH = 512
/** Longer members are dropped before others. */
const LONG_MEMBER = 128
/** The length of the longest members, without blanks. A longer header is not read. */
const MAX_READ_LENGTH = MAX_MEMBERS * (256 + 1 + 256 + 1)

const LETTER = 1
const DIGIT = 2
const KEY_SIGN = 4 // _ - * /
const VALUE = 8
const AT_SIGN = 16

const CLASSES = new Uint8Array(128)
for (let code = 0x20; code < 0x7f; code++) {
  const char = String.fromCharCode(code)
  if (char >= 'a' && char <= 'z') CLASSES[code]! |= LETTER
  if (char >= '0' && char <= '9') CLASSES[code]! |= DIGIT
  if ('_-*/'.includes(char)) CLASSES[code]! |= KEY_SIGN
  if (char === '@') CLASSES[code]! |= AT_SIGN
  if (char !== ',' && char !== '=') CLASSES[code]! |= VALUE
}

function classOf(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? CLASSES[code]! : 0
}

function allOf(text: string, from: number, to: number, classes: number): boolean {
  for (let at = from; at < to; at++) if ((classOf(text, at) & classes) === 0) return false
  return true
}

const KEY_CHARS = LETTER | DIGIT | KEY_SIGN

/** True for a key by level 2: a-z or 0-9, then up to 255 of a-z 0-9 _ - * / @. Every key of level 1 is valid too. */
function isReadableKey(key: string): boolean {
  if (key.length === 0 || key.length > 256) return false
  return (classOf(key, 0) & (LETTER | DIGIT)) !== 0 && allOf(key, 1, key.length, KEY_CHARS | AT_SIGN)
}

/** True for a key by level 1: a-z, then up to 255 of a-z 0-9 _ - * /, or tenant (up to 241) @ vendor (up to 14). */
export function isTraceStateKey(key: string): boolean {
  if (key.length === 0 || key.length > 256) return false
  const at = key.indexOf('@')
  if (at < 0) return (classOf(key, 0) & LETTER) !== 0 && allOf(key, 1, key.length, KEY_CHARS)
  const vendor = key.length - at - 1
  if (at < 1 || at > 241 || vendor < 1 || vendor > 14) return false
  return (
    (classOf(key, 0) & (LETTER | DIGIT)) !== 0 &&
    allOf(key, 1, at, KEY_CHARS) &&
    (classOf(key, at + 1) & LETTER) !== 0 &&
    allOf(key, at + 2, key.length, KEY_CHARS)
  )
}

/** 1 … 256 printable ASCII characters without comma and equals sign, not ending in a blank. */
export function isTraceStateValue(value: string): boolean {
  return value.length > 0 && value.length <= 256 && allOf(value, 0, value.length, VALUE) && !value.endsWith(' ')
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function trimmed(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

type Member = readonly [key: string, value: string]

function textOf(members: readonly Member[]): string {
  return members.map(([key, value]) => `${key}=${value}`).join(',')
}

/**
 * Drops members until there are at most 512 characters: the last of those with more than 128, then the last ones. The first `kept` stay.
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-limits
 */
function shortened(members: readonly Member[], kept: number): readonly Member[] {
  const rest = [...members]
  let length = textOf(rest).length
  while (length > MAX_LENGTH) {
    const long = rest.findLastIndex((member, at) => at >= kept && textOf([member]).length > LONG_MEMBER)
    const [dropped] = rest.splice(long, 1) // without a long one, the last
    length -= textOf([dropped!]).length + 1
  }
  return rest
}

/**
 * Data of vendors that is propagated with a trace: an ordered list of up to 32 keys and values, newest first. Immutable.
 *
 * Keys are parsed by level 2 of the recommendation, and written by level 1, which readers of both levels accept.
 *
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-header
 * @example
 * TraceState.parse('congo=t61rcWkgMzE')?.set('rojo', '00f067aa0ba902b7').toString() // rojo=00f067aa0ba902b7,congo=t61rcWkgMzE
 */
export class TraceState {
  static readonly EMPTY: TraceState = new TraceState([])

  readonly #members: readonly Member[]
  #text: string | undefined

  private constructor(members: readonly Member[]) {
    this.#members = members
  }

  /**
   * Parses a header. Returns undefined if it is empty or breaks a rule (more than 32 members, invalid characters): such a tracestate is
   * dropped as a whole. Of two members with the same key, the first is kept. If there are more than 512 characters, the last members with
   * more than 128 are dropped first, then the last ones.
   */
  static parse(text: string): TraceState | undefined {
    if (text.length > MAX_READ_LENGTH) return undefined
    const members: [string, string][] = []
    let count = 0
    for (let from = 0; from <= text.length; ) {
      const comma = text.indexOf(',', from)
      const to = comma < 0 ? text.length : comma
      const member = trimmed(text, from, to)
      from = to + 1
      if (member === '') continue // the recommendation allows empty members
      const equals = member.indexOf('=')
      const key = member.slice(0, Math.max(equals, 0))
      const value = member.slice(equals + 1)
      if (++count > MAX_MEMBERS || !isReadableKey(key) || !isTraceStateValue(value)) return undefined
      if (!members.some(([other]) => other === key)) members.push([key, value])
    }
    return members.length === 0 ? undefined : new TraceState(shortened(members, 0))
  }

  get size(): number {
    return this.#members.length
  }

  /** The value of a key, or undefined. */
  get(key: string): string | undefined {
    return this.#members.find(([other]) => other === key)?.[1]
  }

  /**
   * Returns a tracestate with `key` set and moved to the front. Returns itself if key or value is invalid or too long. The last members
   * are dropped if there are more than 32. Beyond 512 characters, members are dropped as by {@link parse}.
   */
  set(key: string, value: string): TraceState {
    if (!isTraceStateKey(key) || !isTraceStateValue(value) || key.length + value.length >= MAX_LENGTH) return this
    const members = [[key, value] as const, ...this.#without(key)].slice(0, MAX_MEMBERS)
    return new TraceState(shortened(members, 1))
  }

  /** Returns a tracestate without this key. */
  delete(key: string): TraceState {
    return new TraceState(this.#without(key))
  }

  /** Keys and values, newest first. */
  entries(): readonly (readonly [string, string])[] {
    return this.#members.map(([key, value]) => [key, value] as const)
  }

  /** The header's value; empty if there is no member. */
  toString(): string {
    return (this.#text ??= textOf(this.#members))
  }

  toJSON(): string {
    return this.toString()
  }

  #without(key: string): Member[] {
    return this.#members.filter(([other]) => other !== key)
  }
}
