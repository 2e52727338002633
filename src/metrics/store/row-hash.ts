// The arithmetic of a row index's tables: from a place, or from ids, to where the row is entered.

/** The row of a place, in a table of pairs. */
export const findSparse = (table: Int32Array, place: number): number => {
  const mask = table.length - 1
  for (let at = slotOf(table, place); ; at = (at + 2) & mask) {
    const row = table[at + 1]! - 1
    if (row < 0 || table[at] === place) return row
  }
}

/** Where a place is looked for first. */
export const slotOf = (table: Int32Array, place: number): number => {
  const hash = Math.imul(place, 0x9e3779b1)
  return ((hash ^ (hash >>> 15)) << 1) & (table.length - 1)
}

/** Of the ids of a row. */
export function hashOf(ids: Int32Array): number {
  let hash = 0
  for (let at = 0; at < ids.length; at++) {
    hash = Math.imul(hash ^ ids[at]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}

/** All rows of a table, of which each takes so many words. */
export function rowsIn(table: Int32Array, stride: number): number[] {
  const rows: number[] = []
  for (let at = stride - 1; at < table.length; at += stride) {
    const entry = table[at]!
    if (entry !== 0) rows.push(entry - 1)
  }
  return rows
}
