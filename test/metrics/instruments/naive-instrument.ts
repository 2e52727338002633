import { matches, rowKey } from '../../stats/recording/naive-stats.js'

/** A gauge or a counter: a Map from label values to a number. */
export class NaiveInstrument {
  readonly #kind: 'gauge' | 'counter'
  readonly #labelKeys: readonly string[]
  readonly #rows = new Map<string, number>()

  constructor(kind: 'gauge' | 'counter', labelKeys: readonly string[]) {
    this.#kind = kind
    this.#labelKeys = labelKeys
  }

  /** A series that is kept is there, with 0, from the moment on at which it was made. */
  keep(labels: Readonly<Record<string, unknown>>): void {
    const key = rowKey(this.#labelKeys.map((each) => labels[each]))!
    if (!this.#rows.has(key)) this.#rows.set(key, 0)
  }

  change(how: 'set' | 'add', given: unknown, labels: Readonly<Record<string, unknown>>): void {
    const isSafe = typeof given === 'bigint' && Number.isSafeInteger(Number(given))
    const value = isSafe ? Number(given) : given
    const key = rowKey(this.#labelKeys.map((each) => labels[each]))
    if (typeof value !== 'number' || key === undefined) return
    if (this.#kind === 'counter' && !(value >= 0)) return
    if (how === 'add' && !Number.isFinite(value)) return
    this.#rows.set(key, how === 'set' ? value + 0 : (this.#rows.get(key) ?? 0) + value)
  }

  value(labels: Readonly<Record<string, unknown>>): number {
    return this.#rows.get(rowKey(this.#labelKeys.map((each) => labels[each]))!) ?? 0
  }

  remove(labels: Readonly<Record<string, unknown>>): boolean {
    const key = rowKey(this.#labelKeys.map((each) => labels[each]))
    return key !== undefined && this.#rows.delete(key)
  }

  removeMatching(wanted: Readonly<Record<string, unknown>>): number {
    const rows = [...this.#rows.keys()].filter((row) => matches(this.#labelKeys, row, wanted))
    for (const row of rows) this.#rows.delete(row)
    return rows.length
  }

  /** A counter without labels is shown from 0 again. */
  clear(): void {
    this.#rows.clear()
    if (this.#kind === 'counter' && this.#labelKeys.length === 0) this.keep({})
  }

  lines(): string[] {
    return [...this.#rows].map(([key, value]) => `${key} ${value}`).sort()
  }
}
