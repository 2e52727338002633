import { checkNumber, checkOptions, type OptionNames } from '../../base/check-options.js'
import type { Epochs } from '../cells/cells.js'
import { DEFAULT_VALUE_LENGTH, MAX_VALUE_LENGTH } from '../labels/label-value.js'

/** Limits of an engine. */
export interface EngineLimits {
  /** Rows of a view, or series of an instrument, before its overflow row is used. Default 2 000. */
  readonly rowsPerView?: number
  /** Rows of all together. Each 64 buckets of a row count as one more. Default 100 000. */
  readonly totalRows?: number
  /** Length of a tag or label value in code points; the rest is cut. Default 256, at most 16 384. */
  readonly tagValueLength?: number
  /** Limit for each of measures, views and instruments. Default 10 000. */
  readonly definitions?: number
}

const LIMITS: OptionNames<EngineLimits> = { rowsPerView: true, totalRows: true, tagValueLength: true, definitions: true }

/** @throws {@link DefinitionError} `ERR_OPTION` for a limit that is not an integer from 1. */
export function readLimits(limits: EngineLimits = {}): Required<EngineLimits> {
  checkOptions('limits', limits, LIMITS)
  const { rowsPerView = 2_000, totalRows = 100_000, tagValueLength = DEFAULT_VALUE_LENGTH, definitions = 10_000 } = limits
  const all = { rowsPerView, totalRows, tagValueLength, definitions }
  for (const [name, limit] of Object.entries(all)) {
    const max = name === 'tagValueLength' ? MAX_VALUE_LENGTH : undefined
    checkNumber('ERR_OPTION', `the limit ${name}`, limit, { min: 1, max, integer: true })
  }
  return all
}

/** The limit of all rows of an engine; shared by its stores. */
export interface RowBudget {
  used: number
  readonly limit: number
}

/** What the stores of an engine have in common. */
export interface StoreHome {
  readonly epochs: Epochs
  readonly budget: RowBudget
  /** Rows of one store before its overflow row is used. */
  readonly rowLimit: number
  /** Limit of a label value in code points. */
  readonly valueLength: number
}

export function storeHome(limits: Required<EngineLimits>, epochs: Epochs): StoreHome {
  return { epochs, budget: { used: 0, limit: limits.totalRows }, rowLimit: limits.rowsPerView, valueLength: limits.tagValueLength }
}

const BUCKETS_PER_ROW = 64

/** How many rows a row of so many buckets counts for in the limit of all: a limit by number alone bounds no memory. */
export function rowWeight(buckets: number): number {
  return 1 + Math.floor(buckets / BUCKETS_PER_ROW)
}

/** The share of one store's rows in the limit of all stores. */
export class RowShare {
  /** Rows in use. */
  rows = 0
  #budget: RowBudget
  #weight = 1

  constructor(budget: RowBudget) {
    this.#budget = budget
  }

  /** True if there is no room for so many more rows, in the limit of the store or in that of all stores. */
  isFull(rowLimit: number, more = 1): boolean {
    return this.rows + more > rowLimit || this.#budget.used + more * this.#weight > this.#budget.limit
  }

  /** @param rows Negative for rows that are removed. */
  add(rows: number): void {
    this.rows += rows
    this.#budget.used += rows * this.#weight
  }

  /** Returns the rows to the limit of all stores. Those that are removed later do not count in it, and no row can be added. */
  leave(): void {
    const used = this.rows * this.#weight
    this.#budget.used -= used
    this.#budget = { used, limit: 0 }
  }

  /** @param buckets Those that each row has from now on in a new column; negative for a column that is removed. */
  widen(buckets: number): void {
    const more = Math.sign(buckets) * (rowWeight(Math.abs(buckets)) - 1)
    this.#weight += more
    this.#budget.used += this.rows * more
  }

  /** The limit, for messages. */
  get limit(): number {
    return this.#budget.limit
  }
}
