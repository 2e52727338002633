import { checkBooleans, checkNumber, checkOneOf, checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import { warnOnce } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import type { Cells } from '../cells/cells.js'
import { ColumnSource } from '../store/column-source.js'
import {
  checkDescription,
  checkKeys,
  checkMergeRule,
  checkName,
  checkUnit,
  type ConstantLabels,
  constantTexts,
} from '../data/validate-definition.js'
import type { MergeRule, MetricDescriptor, MetricType } from '../data/metric.js'
import { labelString } from '../labels/label-value.js'
import { NO_ROW, REFUSED } from '../store/row-index.js'
import { labelsOf, type Labels } from '../labels/shared-tag-map.js'
import { type ExpectedLabels, noticeLabels } from '../labels/label-notices.js'
import { RowStore, type CellsFactory } from '../store/row-store.js'
import type { StoreHome } from '../store/limits.js'

/** The value of a label. Numbers and booleans are converted to strings; undefined, null, '' and NaN mean "not set". */
export type LabelValue = string | number | boolean | undefined | null

/** The labels of a series: exactly the instrument's. */
export type LabelsFor<K extends string> = { readonly [key in K]: LabelValue }

export interface InstrumentOptions<K extends string = never> {
  /** UCUM code, case-sensitive: `s`, `By`, `1`. Default `1`. */
  readonly unit?: string
  /** Help text. Default: empty. */
  readonly description?: string
  /** `int64` accepts whole numbers only; others are dropped and counted. Default `double`. */
  readonly type?: 'double' | 'int64'
  /** Label keys, at most 32, each 1 to 255 printable ASCII characters. Default: none, and one series. */
  readonly labelKeys?: readonly K[]
  /** Labels of every series, in addition to those of the registry. Default: none. */
  readonly constantLabels?: ConstantLabels
  /** True if formats may not change the name: no unit or `_total` is added. Default false. */
  readonly exactName?: boolean
  /** Series before the overflow series is used. Default: the registry's `rowsPerView`. */
  readonly rowLimit?: number
}

/** Options of any instrument. Only gauges have `merge`. */
export type MergeableOptions = InstrumentOptions<string> & { readonly merge?: MergeRule }

const INSTRUMENT_OPTIONS: OptionNames<InstrumentOptions<string>> = optionNames(
  'unit description type labelKeys constantLabels exactName rowLimit',
)

/** The part of a registry that its instruments use. */
export interface InstrumentHome extends StoreHome {
  readonly constantLabels: Readonly<Record<string, string>>
}

export interface InstrumentKind {
  readonly type: MetricType
  readonly cells: CellsFactory
  /** Options that other kinds do not have. */
  readonly ownOptions?: readonly string[]
  /** An additional label key, which is the last one. */
  readonly ownKey?: string
  /** The bounds of a histogram. */
  readonly bounds?: readonly number[]
  /** True if a histogram accepts values below 0. Default false. */
  readonly isSigned?: boolean
  /** See {@link RowSource.settings}. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** True if the cells are {@link SketchCells}. Default false. */
  readonly sketched?: boolean
  /** Series before the overflow series is used. Default: the limit of the registry. */
  readonly rowLimit?: number
  /** Exposes the series of an instrument without label keys as 0 before its first value, which a rate needs. Default false. */
  readonly startsAtZero?: boolean
}

const DROPPED = internalCounter(
  'tallyscope_dropped_instrument_values_total',
  'Values that an instrument refused, by reason.',
  'instrument',
  'reason',
)

const NO_LABELS: Labels = Object.freeze(Object.create(null))

/** One metric that is set directly, without views: a store with one column, and its row source for exporters. */
export class Instrument {
  readonly descriptor: MetricDescriptor
  readonly isInteger: boolean
  readonly isSigned: boolean
  /** Series before the overflow series is used. */
  readonly rowLimit: number
  readonly store: RowStore
  readonly source: ColumnSource
  readonly #needsLabels: boolean
  readonly #expected: ExpectedLabels
  /** True once labels were given to an instrument that has no keys. Its only row exists, so that they are not noticed when it is made. */
  #hasNoticedLabels = false
  /** True if the only series is exposed as 0 before its first value. The handle makes it, once the names of the metric are reserved. */
  readonly startsAtZero: boolean

  /** Options must have passed {@link checkInstrument}. @throws {@link DefinitionError} `ERR_KEYS`, `ERR_OPTION` if constant labels break a rule. */
  constructor(name: string, options: MergeableOptions, kind: InstrumentKind, home: InstrumentHome) {
    const { merge } = options
    const { unit = '1', description = '', type = 'double', exactName, rowLimit = kind.rowLimit ?? home.rowLimit } = options
    const labelKeys = [...(options.labelKeys ?? [])] // warnings read it later, when the array of the caller may have changed
    const given = constantTexts('ERR_OPTION', `constantLabels of metric ${name}`, options.constantLabels ?? {})
    const constant = { ...home.constantLabels, ...Object.fromEntries(given) }
    const own = kind.ownKey === undefined ? [] : [kind.ownKey]
    const all = [...labelKeys, ...Object.keys(constant), ...own]
    checkKeys('metric', name, all)
    this.isInteger = type === 'int64'
    this.isSigned = kind.isSigned === true
    this.rowLimit = rowLimit
    this.descriptor = Object.freeze({
      name,
      description,
      unit,
      type: this.isInteger ? (kind.type.replace('DOUBLE', 'INT64') as MetricType) : kind.type,
      labelKeys: Object.freeze(all),
      ...(exactName === true && { exactName }),
      ...(merge !== undefined && { merge }),
    })
    this.#expected = { name, keys: labelKeys, declared: labelKeys, isKnown: (key) => own.includes(key) }
    this.store = new RowStore({
      ...home,
      name,
      labelKeys: [...labelKeys, ...own],
      rowLimit,
      sketched: kind.sketched ?? false,
      onNewRow: (labels) => noticeLabels(labels, this.#expected),
    })
    this.#needsLabels = labelKeys.length > 0
    this.startsAtZero = kind.startsAtZero === true && !this.#needsLabels
    this.store.addColumn(kind.cells, undefined, kind.bounds?.length)
    const texts = Object.values(constant).map((text) => labelString(text, home.valueLength))
    const labels = [...labelKeys.keys(), ...texts, ...own.map(() => labelKeys.length)]
    const { bounds, settings } = kind
    const rowKind = bounds !== undefined ? 'distribution' : kind.type === 'SUMMARY' ? 'summary' : 'scalar'
    this.source = new ColumnSource(
      { descriptor: this.descriptor, store: this.store, labels, kind: rowKind, settings, ...(bounds && { bounds }) },
      0,
    )
  }

  get hasRows(): boolean {
    return this.store.size > 0 || this.store.overflowRow >= 0
  }

  /** The row of these labels, which is made if there is none. Negative if the labels are refused, which is counted. */
  rowOf(labels: Labels | undefined): number {
    if (labels == null && this.#needsLabels) return this.#dropUnlabelled()
    const row = this.#find(labels ?? NO_LABELS)
    if (row < 0) this.drop('labels')
    return row
  }

  #noticeLabels(labels: Labels): void {
    for (const _ in labels) {
      this.#hasNoticedLabels = true
      noticeLabels(labels, this.#expected)
      return
    }
  }

  #dropUnlabelled(): number {
    const { name } = this.descriptor
    this.drop('labels')
    const keys = this.store.labelKeys.join(', ')
    warnOnce('TALLYSCOPE_LABELS', name, `${name} was given a value without labels, which is dropped: the label keys are ${keys}`)
    return REFUSED
  }

  /** Changes a series by `apply`; by default sets it. Refused labels and values are dropped and counted. Not for the record path. */
  change(labels: Labels | undefined, value: number, apply: (cells: Cells, cell: number, value: number) => boolean = set): void {
    const row = this.rowOf(labels)
    if (row < 0) return
    const chunk = this.store.chunkOf(row)
    const cell = row - chunk.start
    chunk.lastEpochs[cell] = chunk.epochs.current
    if (!apply(chunk.columns[0]!, cell, value)) this.drop('too large')
  }

  #find(labels: Labels): number {
    try {
      if (typeof labels !== 'object') return REFUSED
      const given = labelsOf(labels)
      if (!this.#needsLabels && !this.#hasNoticedLabels) this.#noticeLabels(given)
      return this.store.find(given)
    } catch {
      return REFUSED // a getter or a proxy threw
    }
  }

  drop(reason: string): void {
    const { name } = this.descriptor
    this.countDropped(reason)
    if (reason === 'not a number')
      warnOnce('TALLYSCOPE_NOT_A_NUMBER', name, `${name} was given a value that is not a number, which is dropped`)
  }

  countDropped(reason: string): void {
    internalCount(DROPPED, this.descriptor.name, reason).value++
  }

  /** Removes the series of these labels. Returns false if there is none, or if the labels cannot be read. */
  remove(labels: Labels | undefined): boolean {
    const row = this.#lookup(labels)
    return row >= 0 && this.store.remove(new Set([row])) > 0
  }

  #lookup(labels: Labels | undefined): number {
    if (labels == null && this.#needsLabels) return NO_ROW
    try {
      const given = labels ?? NO_LABELS
      return typeof given === 'object' ? this.store.lookup(labelsOf(given)) : NO_ROW
    } catch {
      return NO_ROW // a getter or a proxy threw
    }
  }

  /** Removes every series that has all of these labels. */
  removeMatching(labels: Readonly<Record<string, LabelValue>>): number {
    return this.store.remove(this.store.matching(labels))
  }

  /** Removes all series; what was shown before the first value is shown again. */
  clear(): void {
    this.store.clear()
    this.#start()
  }

  #start(): void {
    if (this.startsAtZero) this.store.findOrCreate(NO_LABELS)
  }
}

function set(cells: Cells, cell: number, value: number): boolean {
  return cells.record(cell, value)
}

/** @throws {@link DefinitionError} `ERR_NAME`, `ERR_UNIT`, `ERR_KEYS`, `ERR_OPTION` if the definition breaks a rule. */
export function checkInstrument(name: unknown, options: MergeableOptions, { ownOptions = [] }: InstrumentKind): asserts name is string {
  checkName('metric', name)
  const known = { ...INSTRUMENT_OPTIONS, ...Object.fromEntries(ownOptions.map((option) => [option, true])) }
  checkOptions<InstrumentOptions<string>>(`metric ${name}`, options, known)

  const { unit = '1', description = '', type = 'double', labelKeys = [], constantLabels = {}, rowLimit = 1 } = options
  checkUnit('metric', name, unit)
  checkDescription('metric', name, description)
  checkKeys('metric', name, labelKeys)
  checkKeys(
    'metric',
    name,
    constantTexts('ERR_OPTION', `constantLabels of metric ${name}`, constantLabels).map(([key]) => key),
  )
  checkMergeRule(`metric ${name}`, options.merge)
  checkBooleans('ERR_OPTION', { [`exactName of metric ${name}`]: options.exactName })
  checkOneOf('ERR_OPTION', `type of metric ${name}`, type, ['double', 'int64'])
  checkNumber('ERR_OPTION', `rowLimit of metric ${name}`, rowLimit, { min: 1, integer: true })
}

/** Converts a safe BigInt to a number. Returns everything else unchanged. */
export function asNumber(value: number): number {
  const given = value as unknown
  if (typeof given !== 'bigint') return value
  return given >= Number.MIN_SAFE_INTEGER && given <= Number.MAX_SAFE_INTEGER ? Number(given) : value
}

/** The reason why a gauge refuses a value, or undefined. NaN and infinities are accepted. */
export function gaugeFault(value: unknown, isInteger: boolean): string | undefined {
  if (typeof value !== 'number') return 'not a number'
  return isInteger && value % 1 !== 0 && value - value === 0 ? 'fraction' : undefined
}

/** The reason why a histogram or a summary refuses a value, or undefined. */
export function observedFault(value: unknown, instrument: Instrument): string | undefined {
  // The usual case. It is inlined into `observe`; all of cumulativeFault would be too much to inline.
  if (typeof value === 'number' && value >= 0 && value - value === 0 && !instrument.isInteger) return undefined
  return cumulativeFault(value, instrument.isInteger, instrument.isSigned)
}

/** The reason why a counter refuses a value, or undefined. */
export function cumulativeFault(value: unknown, isInteger: boolean, isSigned = false): string | undefined {
  if (typeof value !== 'number') return 'not a number'
  if (value !== value) return 'nan'
  if (value < 0 && !isSigned) return 'negative'
  if (value - value !== 0) return 'infinite'
  return isInteger && value % 1 !== 0 ? 'fraction' : undefined
}
