// C0, DEL, C1, line and paragraph separators, halves of surrogate pairs; marks that change the direction of the text around them.
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Replaces every control character by an escape sequence, so that a terminal or a log shows the string as one line. */
export function escapeControlCharacters(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
