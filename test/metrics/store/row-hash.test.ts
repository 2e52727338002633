import { describe, expect, test } from 'vitest'
import { findSparse, hashOf, removeSparse, removeWide, rowsIn, slotOf } from '../../../src/metrics/store/row-hash.js'

/** A table of pairs in which these keys are entered as rows 0, 1, … */
function sparse(size: number, keys: readonly number[]): Int32Array {
  const table = new Int32Array(2 * size)
  for (const [row, key] of keys.entries()) {
    let at = slotOf(table, key)
    while (table[at + 1] !== 0) at = (at + 2) % table.length
    table[at] = key
    table[at + 1] = row + 1
  }
  return table
}

describe('a table of pairs', () => {
  test('returns the row of each key, and −1 for any other', () => {
    const keys = [0, 1, 7, 1_000, 2 ** 30 - 1, 2 ** 20]
    const table = sparse(16, keys)
    expect(keys.map((key) => findSparse(table, key))).toEqual([0, 1, 2, 3, 4, 5])
    expect([2, 8, 999, 2 ** 29].map((key) => findSparse(table, key))).toEqual([-1, -1, -1, -1])
  })

  test('wraps around at its end', () => {
    const empty = new Int32Array(32)
    const last = Array.from({ length: 10_000 }, (_, key) => key).filter((key) => slotOf(empty, key) === 30)
    const table = sparse(16, last.slice(0, 4))
    expect(last.slice(0, 5).map((key) => findSparse(table, key))).toEqual([0, 1, 2, 3, -1])
    expect([0, 2, 4].map((at) => table[at + 1])).toEqual([2, 3, 4])
  })

  test('begins its probe at an even word', () => {
    const table = new Int32Array(64)
    for (const key of [0, 1, 3, 12_345, 2 ** 30 - 1]) {
      const at = slotOf(table, key)
      expect([at % 2, at >= 0, at < 64]).toEqual([0, true, true])
    }
  })

  test.each([0, 1, 5, 8, 12, 16])('spreads keys that are 2 ** %i apart: 1,000 lookups take few steps', (bits) => {
    const table = new Int32Array(2 * 2_048)
    const taken = new Set<number>()
    let steps = 0
    for (let n = 0; n < 1_000; n++) {
      let at = slotOf(table, n << bits)
      for (; taken.has(at); at = (at + 2) % table.length) steps++
      taken.add(at)
    }
    expect(steps).toBeLessThan(1_000)
  })
})

test('the hash of ids depends on each id and its position, and is spread', () => {
  const hashes = new Set<number>()
  for (let a = 0; a < 40; a++) for (let b = 0; b < 40; b++) for (let c = 0; c < 4; c++) hashes.add(hashOf(new Int32Array([a, b, c])))
  expect(hashes.size).toBe(40 * 40 * 4)
  const slots = new Set([...hashes].map((hash) => hash & 8_191))
  expect(slots.size).toBeGreaterThan(4_000)
})

test('the hash is spread if only the upper bits of ids differ', () => {
  const slots = new Set<number>()
  for (let a = 0; a < 64; a++) for (let b = 0; b < 64; b++) slots.add(hashOf(new Int32Array([a << 10, b << 10])) & 8_191)
  expect(slots.size).toBeGreaterThan(2_000)
})

test('the rows of a table are the inserted ones, as pairs or alone', () => {
  expect(rowsIn(Int32Array.of(0, 8, 0, 1, 3, 0), 1)).toEqual([7, 0, 2])
  expect(rowsIn(Int32Array.of(5, 8, 0, 1, 3, 0), 2)).toEqual([7, 0])
})

test('after any removals from a table of pairs the rest is found', () => {
  for (let seed = 1; seed < 200; seed++) {
    const table = new Int32Array(64)
    const rows = new Map<number, number>()
    for (let n = 0; n < 16; n++) {
      const key = Math.imul(seed * 31 + n, n % 3 === 0 ? 7 : 0x01000193) & 0x3fffffff
      if (rows.has(key)) continue
      let at = slotOf(table, key)
      while (table[at + 1] !== 0) at = (at + 2) & 63
      table[at] = key
      table[at + 1] = n + 1
      rows.set(key, n)
    }
    for (const key of [...rows.keys()]) {
      removeSparse(table, key)
      rows.delete(key)
      expect(findSparse(table, key)).toBe(-1)
      for (const [other, row] of rows) expect(findSparse(table, other)).toBe(row)
    }
    expect(removeSparse(table, 1)).toBe(false)
  }
})

test('after any removals from a table of rows the rest is found', () => {
  for (let seed = 1; seed < 200; seed++) {
    const table = new Int32Array(32)
    const hashOfRow = (row: number) => Math.imul(row + seed, 0x01000193) >>> 7
    const find = (row: number) => {
      let at = hashOfRow(row) & 31
      while (table[at] !== 0 && table[at] !== row + 1) at = (at + 1) & 31
      return at
    }
    const rows = Array.from({ length: 16 }, (_, row) => row)
    for (const row of rows) table[find(row)] = row + 1
    while (rows.length > 0) {
      const row = rows.splice((seed * 7) % rows.length, 1)[0]!
      removeWide(table, row, hashOfRow(row), hashOfRow)
      expect(table[find(row)]).toBe(0)
      for (const other of rows) expect(table[find(other)]).toBe(other + 1)
    }
    expect(removeWide(table, 1, 1, hashOfRow)).toBe(false)
  }
})
