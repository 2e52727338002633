/** The longest varint of a valid length. A longer one is refused. */
const MAX_BYTES = 5

/** Appends an unsigned LEB128 number, as protobuf and the OpenCensus binary encoding use it for lengths. */
export function pushVarint(value: number, into: number[]): void {
  let rest = value
  while (rest > 0x7f) {
    into.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  into.push(rest)
}

/** Reads the number at `offset`. `end` is the offset after it. Undefined if it is truncated or too long. */
export function readVarint(bytes: Uint8Array, offset: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  for (let at = 0; at < MAX_BYTES; at++) {
    const byte = bytes[offset + at]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { value, end: offset + at + 1 }
  }
  return undefined
}
