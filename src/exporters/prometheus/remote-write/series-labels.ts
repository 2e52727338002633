import type { RowChunk } from '../../../metrics/data/row-source.js'
import { type ExposedFamily, OVERFLOW_LABEL } from '../format/names.js'

/** Labels that all series of a process have. */
export type TargetLabels = Readonly<Record<string, string>>

/** Where the value of a label comes from: the number of the row's label, a constant, or what each series has of its own. */
type Origin = number | string | typeof OVERFLOW | typeof OWN
const OVERFLOW = Symbol('overflow')
const OWN = Symbol('own')

/** The labels of one row, as they were when it was read. */
export interface RowLabels {
  readonly values: readonly (string | undefined)[]
  readonly isOverflow: boolean
}

export function rowLabels(family: ExposedFamily, chunk: RowChunk, cell: number): RowLabels {
  return {
    values: family.labelNames.map((_, key) => chunk.labelValue(cell, key)?.toWellFormed()),
    isOverflow: chunk.isOverflow(cell),
  }
}

/**
 * The labels of all series of one name, in the order of bytes that receivers ask for. The order is that of the names, so it is found once
 * and not for each row.
 */
export class SeriesLabels {
  readonly #slots: readonly (readonly [name: string, origin: Origin])[]

  /**
   * @param name The name of the series, with its suffix.
   * @param own A label that differs within a row: `le` or `quantile`.
   */
  constructor(name: string, family: ExposedFamily, target: TargetLabels, own?: 'le' | 'quantile') {
    const slots = new Map<string, Origin>([
      ['__name__', name],
      [OVERFLOW_LABEL, OVERFLOW],
    ])
    if (own !== undefined) slots.set(own, OWN)
    for (const [key, label] of family.labelNames.entries()) {
      // As in a scrape: the process does not report its own identity.
      const isTarget = label === 'job' || label === 'instance'
      slots.set(isTarget && !family.labelNames.includes(`exported_${label}`) ? `exported_${label}` : label, key)
    }
    for (const [label, value] of Object.entries(target)) if (!slots.has(label)) slots.set(label, value)
    this.#slots = [...slots].sort(([one], [other]) => (one < other ? -1 : 1))
  }

  /** Names and values in turns; those that are empty are left out. `into` is emptied before. */
  fill(into: string[], row: RowLabels, own = ''): void {
    into.length = 0
    for (const [name, origin] of this.#slots) {
      const value =
        typeof origin === 'number'
          ? row.values[origin]
          : origin === OVERFLOW
            ? row.isOverflow
              ? 'true'
              : ''
            : origin === OWN
              ? own
              : origin
      if (value !== undefined && value !== '') into.push(name, value)
    }
  }
}
