import { Buffer } from 'node:buffer'

// -1 for every character that is not a lower-case hex digit, so that one `or` over all digits shows whether one is wrong.
const DIGITS = new Int8Array(256).fill(-1)
for (let digit = 0; digit < 16; digit++) DIGITS[digit.toString(16).charCodeAt(0)] = digit

// The two digits of a byte, as character codes.
const HIGH_DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => (byte >> 4).toString(16).charCodeAt(0))
const LOW_DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => (byte & 15).toString(16).charCodeAt(0))

const TRACEPARENT_LENGTH = 55
const characters = Buffer.from('00-'.padEnd(35, '0').concat('-').padEnd(52, '0').concat('-00'), 'latin1')
const idCharacters = Buffer.alloc(32)

function writeWord(into: Uint8Array, at: number, word: number): void {
  const b0 = word >>> 24
  const b1 = (word >>> 16) & 0xff
  const b2 = (word >>> 8) & 0xff
  const b3 = word & 0xff
  into[at] = HIGH_DIGIT[b0]!
  into[at + 1] = LOW_DIGIT[b0]!
  into[at + 2] = HIGH_DIGIT[b1]!
  into[at + 3] = LOW_DIGIT[b1]!
  into[at + 4] = HIGH_DIGIT[b2]!
  into[at + 5] = LOW_DIGIT[b2]!
  into[at + 6] = HIGH_DIGIT[b3]!
  into[at + 7] = LOW_DIGIT[b3]!
}

/** 32 hex digits of a trace id. */
export function hexOf4(w0: number, w1: number, w2: number, w3: number): string {
  writeWord(idCharacters, 0, w0)
  writeWord(idCharacters, 8, w1)
  writeWord(idCharacters, 16, w2)
  writeWord(idCharacters, 24, w3)
  return idCharacters.toString('latin1', 0, 32)
}

/** 16 hex digits of a span id. */
export function hexOf2(w0: number, w1: number): string {
  writeWord(idCharacters, 0, w0)
  writeWord(idCharacters, 8, w1)
  return idCharacters.toString('latin1', 0, 16)
}

/**
 * A `traceparent` of version 00. Writing the digits takes half as long as a template of the ids, which is a tree of strings that V8 must
 * flatten when the header is sent (bench/trace/propagation.bench.js, traceparent written).
 * @param options 0 … 3
 */
export function traceparentOf(trace: TraceWords, s0: number, s1: number, options: number): string {
  writeWord(characters, 3, trace.w0)
  writeWord(characters, 11, trace.w1)
  writeWord(characters, 19, trace.w2)
  writeWord(characters, 27, trace.w3)
  writeWord(characters, 36, s0)
  writeWord(characters, 44, s1)
  characters[54] = HIGH_DIGIT[options << 4]!
  return characters.toString('latin1', 0, TRACEPARENT_LENGTH)
}

/** A trace id as four 32-bit words. */
interface TraceWords {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
}

/**
 * Reads `words.length` × 8 lower-case hex digits from `at` into 32-bit words.
 * @returns false, with unspecified contents of `words`, if a character is not such a digit or the string is too short.
 */
export function readHexWords(text: string, at: number, words: Int32Array): boolean {
  if (text.length < at + words.length * 8) return false
  let bad = 0
  let seen = 0
  for (let w = 0; w < words.length; w++) {
    let word = 0
    for (const end = at + 8; at < end; at++) {
      const code = text.charCodeAt(at)
      const digit = DIGITS[code & 255]!
      seen |= code
      bad |= digit
      word = (word << 4) | digit
    }
    words[w] = word
  }
  return bad >= 0 && seen < 128
}

/**
 * Checks `count` characters from `at` without a branch for each, since the CPU would mispredict half of the branches for random digits. The
 * table has an entry for each low byte, so that no bounds check is needed: a sixth less time than with a table of 128
 * (bench/trace/propagation.bench.js, traceparent read).
 * @returns below 0 if one is not a lower-case hex digit, 0 if all are 0, above 0 otherwise.
 */
export function lookAtHex(text: string, at: number, count: number): number {
  if (text.length < at + count) return -1
  let digits = 0
  let seen = 0
  for (const end = at + count; at < end; at++) {
    const code = text.charCodeAt(at)
    seen |= code
    digits |= DIGITS[code & 255]!
  }
  return seen < 128 ? digits : -1
}

/** The value of one character as a lower-case hex digit, or -1. */
export function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? DIGITS[code]! : -1
}
