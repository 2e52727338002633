import { DefinitionError } from '../base/errors.js'
import { selfCount, selfFamily } from '../base/self-count.js'
import type { Cells, Epochs } from './cells.js'
import { ColumnSource } from './column-source.js'
import { checkKeys, checkName, checkUnit } from './definition-rules.js'
import type { MetricDescriptor, MetricType } from './metric.js'
import type { Labels } from './row-index.js'
import { RowStore, type CellsFactory, type RowBudget, type StoreChunk } from './row-store.js'

/** A label's value. Numbers and booleans count as their text; undefined, null, '' and NaN as "not set". */
export type LabelValue = string | number | boolean | undefined | null

/** The labels of a series: exactly the instrument's. */
export type LabelsFor<K extends string> = { readonly [key in K]: LabelValue }

export interface InstrumentOptions<K extends string = never> {
  /** UCUM, case-sensitive. Default `1`. */
  readonly unit?: string
  readonly description?: string
  /** `int64` takes whole numbers only; others are dropped and counted. Default `double`. */
  readonly type?: 'double' | 'int64'
  /** Default none: one series. At most 32. */
  readonly labelKeys?: readonly K[]
  /** Labels that every series has, beside those of the registry. */
  readonly constantLabels?: Readonly<Record<string, string>>
  /** Takes the name as it is: no unit or `_total` is added by any format. Default false. */
  readonly exactName?: boolean
  /** Series before the overflow series is used. Default: the registry's `rowsPerView`. */
  readonly rowLimit?: number
}

/** What a registry gives its instruments. */
export interface InstrumentHome {
  readonly epochs: Epochs
  readonly budget: RowBudget
  readonly rowLimit: number
  readonly valueLength: number
  readonly constantLabels: Readonly<Record<string, string>>
}

export interface InstrumentKind {
  readonly type: MetricType
  readonly cells: CellsFactory
  /** A label key of its own, behind all others. */
  readonly ownKey?: string
}

const DROPPED = selfFamily({
  name: 'tallyscope_dropped_instrument_values_total',
  description: 'Values that an instrument did not take, by reason.',
  type: 'counter',
  unit: '1',
  labelKeys: ['instrument', 'reason'],
})

const NO_LABELS: Labels = Object.freeze(Object.create(null))

/** One metric that is set directly, outside views: its store with one column, and what exporters read of it. */
export class Instrument {
  readonly descriptor: MetricDescriptor
  readonly whole: boolean
  readonly store: RowStore
  readonly source: ColumnSource

  /** @throws {@link DefinitionError} `ERR_NAME`, `ERR_UNIT`, `ERR_KEYS`, `ERR_OPTION`. */
  constructor(name: string, options: InstrumentOptions<string>, kind: InstrumentKind, home: InstrumentHome) {
    const { unit = '1', description = '', type = 'double', labelKeys = [], exactName, rowLimit = home.rowLimit } = options
    checkName('metric', name)
    checkUnit('metric', name, unit)
    checkKeys('metric', name, labelKeys)
    if (type !== 'double' && type !== 'int64') {
      throw new DefinitionError('ERR_OPTION', `type must be double or int64: metric ${name} has ${String(type)}`)
    }
    if (!Number.isSafeInteger(rowLimit) || rowLimit < 1) {
      throw new DefinitionError('ERR_OPTION', `rowLimit must be a whole number from 1: metric ${name} has ${String(rowLimit)}`)
    }
    const constant = { ...home.constantLabels, ...options.constantLabels }
    const own = kind.ownKey === undefined ? [] : [kind.ownKey]
    const all = [...labelKeys, ...Object.keys(constant), ...own]
    checkKeys('metric', name, all)
    this.whole = type === 'int64'
    this.descriptor = Object.freeze({
      name,
      description,
      unit,
      type: this.whole ? (kind.type.replace('DOUBLE', 'INT64') as MetricType) : kind.type,
      labelKeys: Object.freeze(all),
      ...(exactName === true && { exactName }),
    })
    this.store = new RowStore({
      name,
      labelKeys: [...labelKeys, ...own],
      rowLimit,
      budget: home.budget,
      valueLength: home.valueLength,
      epochs: home.epochs,
    })
    this.store.addColumn(kind.cells)
    const labels = [...labelKeys.keys(), ...Object.values(constant).map(String), ...own.map(() => labelKeys.length)]
    this.source = new ColumnSource({ descriptor: this.descriptor, store: this.store, kind: 'scalar', labels }, 0)
  }

  get hasRows(): boolean {
    return this.store.size > 0 || this.store.overflowRow >= 0
  }

  /** Changes the series of these labels, made where there is none. What cannot be taken is dropped and counted. */
  change(labels: Labels | undefined, value: number, apply: (cells: Cells, cell: number, value: number) => boolean): void {
    let row: number
    try {
      row = this.store.find(labels ?? NO_LABELS)
    } catch {
      return this.drop('labels') // a getter or a proxy among them threw, or they are no object
    }
    if (row < 0) return this.drop('labels')
    const chunk = this.store.chunkOf(row)
    this.put(chunk, row - chunk.start, value, apply)
  }

  put(chunk: StoreChunk, cell: number, value: number, apply: (cells: Cells, cell: number, value: number) => boolean): void {
    chunk.marks[cell] = chunk.epochs.current
    if (!apply(chunk.columns[0]!, cell, value)) this.drop('too large')
  }

  drop(reason: string): void {
    selfCount(DROPPED, this.descriptor.name, reason).value++
  }

  /** The series of these labels; false where there is none. */
  remove(labels: Labels): boolean {
    const row = this.store.peek(labels)
    return row >= 0 && this.store.removeWhere((other) => other === row) > 0
  }

  /** Removes every series whose labels match all that are given. */
  removeMatching(labels: Readonly<Record<string, LabelValue>>): number {
    const { labelKeys } = this.store
    const wanted = Object.entries(labels).map(([key, value]) => [labelKeys.indexOf(key), value] as const)
    if (wanted.some(([at]) => at < 0)) return 0
    return this.store.removeWhere((row) => wanted.every(([at, value]) => (this.store.labelText(row, at) ?? '') === String(value ?? '')))
  }
}

/** Why a number cannot be used by instruments that only count up, or undefined. */
export function countable(value: unknown, whole: boolean): string | undefined {
  if (typeof value !== 'number') return 'not a number'
  if (value !== value) return 'nan'
  if (value < 0) return 'negative'
  if (value === Number.POSITIVE_INFINITY) return 'infinite'
  return whole && value % 1 !== 0 ? 'fraction' : undefined
}
