import { Buffer } from 'node:buffer'

// -1 for any other character than a lower-case hex digit, so that one `or` over all digits shows whether one was bad.
const DIGITS = new Int8Array(256).fill(-1)
for (let digit = 0; digit < 16; digit++) DIGITS[digit.toString(16).charCodeAt(0)] = digit

const scratch = Buffer.alloc(16)

function store(word: number, at: number): void {
  scratch[at] = word >>> 24
  scratch[at + 1] = word >>> 16
  scratch[at + 2] = word >>> 8
  scratch[at + 3] = word
}

/** 32 hex digits of a trace id. */
export function hexOf4(w0: number, w1: number, w2: number, w3: number): string {
  store(w0, 0)
  store(w1, 4)
  store(w2, 8)
  store(w3, 12)
  return scratch.toString('hex', 0, 16)
}

/** 16 hex digits of a span id. */
export function hexOf2(w0: number, w1: number): string {
  store(w0, 0)
  store(w1, 4)
  return scratch.toString('hex', 0, 8)
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
 * Looks at `count` characters from `at` without a branch for each: in random digits every branch would be guessed wrong half
 * of the time. The table has a place for each low byte, so that no check is needed whether there is one; a sixth less than with a
 * table of the 128 (bench/trace/propagation.bench.js, traceparent read).
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
