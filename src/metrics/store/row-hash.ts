// The arithmetic of a row index's tables: from a key, or from ids, to the slot of the row.

/** The forms of a table, see `RowIndex`. */
export const DENSE = 0
export const SPARSE = 1
export const WIDE = 2
export type TableForm = typeof DENSE | typeof SPARSE | typeof WIDE

/** Finds the row of a key in a table of pairs. */
export const findSparse = (table: Int32Array, key: number): number => {
  const mask = table.length - 1
  for (let at = slotOf(table, key); ; at = (at + 2) & mask) {
    const row = table[at + 1]! - 1
    if (row < 0 || table[at] === key) return row
  }
}

/** The slot at which the search for a key begins. */
export const slotOf = (table: Int32Array, key: number): number => {
  const hash = Math.imul(key, 0x9e3779b1)
  return ((hash ^ (hash >>> 15)) << 1) & (table.length - 1)
}

/** Inserts a key that is not in the table of pairs. The table must have a free entry. */
export function insertSparse(table: Int32Array, key: number, row: number): void {
  const mask = table.length - 1
  let at = slotOf(table, key)
  while (table[at + 1] !== 0) at = (at + 2) & mask
  table[at] = key
  table[at + 1] = row + 1
}

/** Inserts the row of ids that are not in the table of rows. */
export function insertWide(table: Int32Array, ids: Int32Array, row: number): void {
  const mask = table.length - 1
  let slot = hashOf(ids) & mask
  while (table[slot] !== 0) slot = (slot + 1) & mask
  table[slot] = row + 1
}

/** The hash of the ids of a row. */
export function hashOf(ids: Int32Array): number {
  let hash = 0
  for (let at = 0; at < ids.length; at++) {
    hash = Math.imul(hash ^ ids[at]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}

/** Finds the row of these ids in a table of rows. The ids of row r begin at r * ids.length in `rowIds`. */
export const findWide = (table: Int32Array, ids: Int32Array, rowIds: Int32Array): number => {
  const mask = table.length - 1
  const width = ids.length
  for (let slot = hashOf(ids) & mask; ; slot = (slot + 1) & mask) {
    const row = table[slot]! - 1
    if (row < 0) return row
    let at = 0
    while (at < width && rowIds[row * width + at] === ids[at]) at++
    if (at === width) return row
  }
}

/** All rows of a table whose entries have this many words. */
export function rowsIn(table: Int32Array, stride: number): number[] {
  const rows: number[] = []
  for (let at = stride - 1; at < table.length; at += stride) {
    const entry = table[at]!
    if (entry !== 0) rows.push(entry - 1)
  }
  return rows
}

/**
 * Removes a key from a table of pairs. Entries behind it move up, so that each is still found from its own slot and the record path needs
 * no tombstones. Returns false if the key is not in the table.
 */
export function removeSparse(table: Int32Array, key: number): boolean {
  const mask = table.length - 1
  let free = slotOf(table, key)
  while (table[free] !== key && table[free + 1] !== 0) free = (free + 2) & mask
  if (table[free + 1] === 0) return false
  for (let at = (free + 2) & mask; table[at + 1] !== 0; at = (at + 2) & mask) {
    if (isBetween(slotOf(table, table[at]!), free, at, mask)) continue
    table[free] = table[at]!
    table[free + 1] = table[at + 1]!
    free = at
  }
  table[free + 1] = 0
  return true
}

/** The same for a table of rows. The caller knows their hashes. */
export function removeWide(table: Int32Array, row: number, hash: number, hashOfRow: (row: number) => number): boolean {
  const mask = table.length - 1
  let free = hash & mask
  while (table[free] !== row + 1 && table[free] !== 0) free = (free + 1) & mask
  if (table[free] === 0) return false
  for (let at = (free + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
    if (isBetween(hashOfRow(table[at]! - 1) & mask, free, at, mask)) continue
    table[free] = table[at]!
    free = at
  }
  table[free] = 0
  return true
}

/** True if an entry's first slot is behind the free one: then the entry must not move up. */
function isBetween(first: number, free: number, at: number, mask: number): boolean {
  return ((first - free - 1) & mask) < ((at - free) & mask)
}
