import { type ExposedFamily, OVERFLOW_LABEL } from '../format/names.js'

/** The labels of all series of a process. */
export type TargetLabels = Readonly<Record<string, string>>

/** The source of a label value: the index of a label of the row, a constant, the overflow mark, or the value of `le` or `quantile`. */
type Origin = number | string | typeof OVERFLOW | typeof OWN
const OVERFLOW = Symbol('overflow')
const OWN = Symbol('own')

/** The label values of one row. */
export interface RowLabels {
  readonly values: readonly (string | undefined)[]
  readonly isOverflow: boolean
}

/** The labels of all series of one name, sorted by name as receivers require. They are sorted once instead of for each row. */
export class SeriesLabels {
  readonly #slots: readonly (readonly [name: string, origin: Origin])[]

  /**
   * @param name The name of the series, with its suffix.
   * @param own The label that differs between the series of a row.
   */
  constructor(name: string, family: ExposedFamily, target: TargetLabels, own?: 'le' | 'quantile') {
    const slots = new Map<string, Origin>([
      ['__name__', name],
      [OVERFLOW_LABEL, OVERFLOW],
    ])
    if (own !== undefined) slots.set(own, OWN)
    for (const [key, label] of family.labelNames.entries()) {
      // Like a scrape with `honor_labels: false`.
      const isTarget = label === 'job' || label === 'instance'
      slots.set(isTarget && !family.labelNames.includes(`exported_${label}`) ? `exported_${label}` : label, key)
    }
    for (const [label, value] of Object.entries(target)) if (!slots.has(label)) slots.set(label, value)
    this.#slots = [...slots].sort(([one], [other]) => (one < other ? -1 : 1))
  }

  /** Replaces the content of `into` by alternating names and values. Empty labels are omitted. */
  fill(into: string[], row: RowLabels, own = ''): void {
    into.length = 0
    for (const [name, origin] of this.#slots) {
      const value = valueAt(origin, row, own)
      if (value !== undefined && value !== '') into.push(name, value)
    }
  }
}

function valueAt(origin: Origin, row: RowLabels, own: string): string | undefined {
  if (typeof origin === 'number') return row.values[origin]
  if (origin === OWN) return own
  if (origin === OVERFLOW) return row.isOverflow ? 'true' : ''
  return origin
}
