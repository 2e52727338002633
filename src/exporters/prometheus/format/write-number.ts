import { formatNumber } from './format-number.js'

/** More than the longest value needs: `-2.2250738585072014e-308`. */
export const MAX_NUMBER_BYTES = 32

/** Writes a value at offset `at` and returns the offset after it. Non-negative integers are written without a string. */
export function writeNumber(bytes: Buffer, at: number, value: number): number {
  if ((value | 0) === value && value >= 0) return writeWhole(bytes, at, value)
  return at + bytes.write(formatNumber(value), at, 'latin1')
}

function writeWhole(bytes: Buffer, at: number, whole: number): number {
  const end = at + digitCount(whole)
  let rest = whole
  let place = end
  do {
    const tenth = (rest / 10) | 0
    bytes[--place] = 48 + rest - tenth * 10
    rest = tenth
  } while (rest > 0)
  return end
}

function digitCount(whole: number): number {
  if (whole < 1e4) return whole < 100 ? (whole < 10 ? 1 : 2) : whole < 1e3 ? 3 : 4
  if (whole < 1e7) return whole < 1e5 ? 5 : whole < 1e6 ? 6 : 7
  return whole < 1e8 ? 8 : whole < 1e9 ? 9 : 10
}
