/** A small generator of whole numbers below a bound, so that what failed can be run again by its seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

// What parsers look for, what they must not stumble over, and what overflows.
const PIECES = [
  '',
  '-',
  ',',
  ';',
  '=',
  '/',
  '.',
  ':',
  '@',
  '"',
  '\\',
  '*',
  '0',
  '1',
  'f',
  'g',
  'F',
  'Z',
  ' ',
  '\t',
  '\0',
  '\r\n',
  '%',
  '%E0',
  '%41',
].concat([
  'é',
  '\u0130',
  '\ufeff',
  '\ud800',
  '😀',
  ';o=',
  ';q=0.5',
  'ff',
  '00',
  '-01',
  '__proto__',
  '=1,',
  '0'.repeat(40),
  '9'.repeat(20),
  'x'.repeat(300),
])

/** `text` with one to four places cut out, doubled, or filled with something else. */
export function mutated(text: string, random: (below: number) => number): string {
  let result = text
  for (let times = random(4); times >= 0; times--) {
    const at = random(result.length + 1)
    const to = Math.min(result.length, at + random(4))
    const piece = random(8) === 0 ? result.slice(random(result.length + 1)) : PIECES[random(PIECES.length)]!
    result = result.slice(0, at) + piece + result.slice(to)
  }
  return result.length > 4_096 ? result.slice(0, 4_096) : result
}

/** `bytes` with one to four of them changed, and cut or lengthened now and then. */
export function mutatedBytes(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const length = random(4) === 0 ? random(bytes.length + 9) : bytes.length
  const result = new Uint8Array(length)
  result.set(bytes.subarray(0, length))
  for (let times = random(4); times >= 0 && length > 0; times--) result[random(length)] = random(3) === 0 ? 0xff : random(256)
  return result
}
