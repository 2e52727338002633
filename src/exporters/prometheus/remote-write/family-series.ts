import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../../metrics/data/row-source.js'
import { exemplarLabels, isWithin } from '../format/exemplar-text.js'
import type { ExposedFamily, OpenMetricsType } from '../format/names.js'
import { type RowLabels, SeriesLabels, type TargetLabels } from './series-labels.js'
import type { RequestWriter, SeriesMetadata } from './request-writer.js'

/** How distributions with exponential buckets are sent: as classic histograms (false), native histograms (true), or both. */
export type NativeHistograms = boolean | 'both'

/** The series that a row consists of, for which stale markers are sent when it is removed. */
export interface RowShape {
  readonly kind: RowSource['kind']
  /** Values of `le` or `quantile`. */
  readonly own: readonly string[]
  readonly isClassic: boolean
  readonly isNative: boolean
}

/** The series of a row of this shape: the value of `le` or `quantile` after the kind, and names for the others. */
export function seriesIn({ kind, own, isClassic, isNative }: RowShape): ReadonlySet<string> {
  if (kind === 'scalar') return new Set([PLAIN])
  const classic = isClassic ? [...own.map((value) => `${kind} ${value}`), SUM, COUNT] : []
  return new Set(isNative ? [...classic, PLAIN] : classic)
}

const PLAIN = 'plain'
const SUM = 'sum'
const COUNT = 'count'

/** The time of an export, and the range of its exemplars. */
export interface ExportMoment {
  readonly timeUnixMs: number
  /** Only exemplars after this time and up to `timeUnixMs` are sent. */
  readonly exemplarsAfterUnixMs: number
}

/** A row that is being written. */
export class WrittenRow {
  readonly out: RequestWriter
  readonly shape: RowShape
  readonly labels: RowLabels
  readonly moment: ExportMoment
  /** The start time of its series, NaN if there is none. */
  startTimeUnixMs: number = Number.NaN

  constructor(out: RequestWriter, shape: RowShape, labels: RowLabels, moment: ExportMoment) {
    this.out = out
    this.shape = shape
    this.labels = labels
    this.moment = moment
  }
}

const TYPES: Readonly<Record<OpenMetricsType, number>> = {
  unknown: 0,
  counter: 1,
  gauge: 2,
  histogram: 3,
  summary: 5,
  info: 6,
  stateset: 7,
}

const SCALAR: RowShape = { kind: 'scalar', own: [], isClassic: true, isNative: false }

/** Writes the rows of a family as series, with the names of text 0.0.4. */
export class FamilySeries {
  readonly name: string
  readonly metadata: SeriesMetadata
  readonly #family: ExposedFamily
  readonly #target: TargetLabels
  readonly #native: NativeHistograms
  readonly #plain: SeriesLabels
  readonly #bucket: SeriesLabels | undefined
  readonly #quantile: SeriesLabels | undefined
  readonly #sum: SeriesLabels | undefined
  readonly #count: SeriesLabels | undefined
  /** The labels of the current series. The array is reused. */
  readonly #labels: string[] = []
  /** The indexes of the labels, sorted by name. */
  readonly #order: readonly number[]
  readonly #key: string

  constructor(family: ExposedFamily, target: TargetLabels, native: NativeHistograms) {
    this.name = family.name
    const { labelNames } = family
    this.#order = labelNames.map((_, key) => key).sort((one, other) => (labelNames[one]! < labelNames[other]! ? -1 : 1))
    this.#key = JSON.stringify([family.name, target['job'], target['instance'], this.#order.map((key) => labelNames[key])])
    this.metadata = { type: TYPES[family.openMetricsType], help: family.help.toWellFormed(), unit: family.unit }
    this.#family = family
    this.#target = target
    this.#native = native
    this.#plain = new SeriesLabels(family.name, family, target)
    if (family.type !== 'histogram' && family.type !== 'summary') return
    this.#sum = new SeriesLabels(`${family.name}_sum`, family, target)
    this.#count = new SeriesLabels(`${family.name}_count`, family, target)
    if (family.type === 'histogram') this.#bucket = new SeriesLabels(`${family.name}_bucket`, family, target, 'le')
    else this.#quantile = new SeriesLabels(family.name, family, target, 'quantile')
  }

  labelsOf(chunk: RowChunk, cell: number): RowLabels {
    return {
      values: this.#family.labelNames.map((_, key) => chunk.labelValue(cell, key)?.toWellFormed()),
      isOverflow: chunk.isOverflow(cell),
    }
  }

  /** Identifies a row by its name, job, instance and labels, whatever the order of the labels. */
  keyOf({ values, isOverflow }: RowLabels): string {
    return JSON.stringify([this.#key, isOverflow, this.#order.map((key) => values[key])])
  }

  /** The maximum number of samples of a row of this source. */
  samplesOf({ kind, bounds }: RowSource): number {
    return kind === 'distribution' ? bounds.length + 4 : kind === 'summary' ? 64 : 1
  }

  /** The shape of a row. */
  shapeOf(source: RowSource, chunk: RowChunk, cell: number): RowShape {
    if (source.kind === 'scalar') return SCALAR
    if (source.kind === 'summary') {
      const own = chunk.summary!(cell).quantiles.map(({ quantile }) => this.#family.formatBound(quantile))
      return { kind: 'summary', own, isClassic: true, isNative: false }
    }
    const isNative = this.#native !== false && chunk.exponential?.(cell) !== undefined
    const own = [...source.bounds, Number.POSITIVE_INFINITY].map((bound) => this.#family.formatBound(bound))
    return { kind: 'distribution', own, isClassic: !isNative || this.#native === 'both', isNative }
  }

  /** Writes all series of a row. */
  row(row: WrittenRow, source: RowSource, chunk: RowChunk, cell: number): void {
    const { shape } = row
    if (this.#family.type !== 'gauge') row.startTimeUnixMs = chunk.startTimeUnixMs(cell)
    if (source.kind === 'scalar') {
      this.#begin(row, this.#plain, chunk.value(cell))
      if (this.#family.type === 'counter') writeExemplar(row, chunk.exemplar(cell, 0))
      row.out.end()
    } else if (source.kind === 'summary') {
      const { quantiles, count, sum } = chunk.summary!(cell)
      for (const [at, { value }] of quantiles.entries()) this.#series(row, this.#quantile!, value, shape.own[at])
      this.#series(row, this.#sum!, sum)
      this.#series(row, this.#count!, count)
    } else {
      if (shape.isClassic) this.#classic(row, source, chunk, cell)
      const exponential = shape.isNative ? chunk.exponential!(cell) : undefined
      if (exponential !== undefined) this.#nativeSeries(row, exponential, source, chunk, cell)
    }
  }

  /** Writes stale markers for the series of a row. @param kept Those that continue. */
  stale(row: WrittenRow, kept: ReadonlySet<string>): void {
    const { kind, own } = row.shape
    const series = seriesIn(row.shape)
    const isEnded = (id: string): boolean => series.has(id) && !kept.has(id)
    for (const value of own) {
      if (isEnded(`${kind} ${value}`)) this.#series(row, kind === 'summary' ? this.#quantile! : this.#bucket!, undefined, value)
    }
    if (isEnded(SUM)) this.#series(row, this.#sum!, undefined)
    if (isEnded(COUNT)) this.#series(row, this.#count!, undefined)
    if (!isEnded(PLAIN)) return
    if (kind === 'scalar') this.#series(row, this.#plain, undefined)
    else this.#histogram(row, undefined, 0)
  }

  #classic(row: WrittenRow, { bounds }: RowSource, chunk: RowChunk, cell: number): void {
    let below = 0
    for (let i = 0; i <= bounds.length; i++) {
      below += chunk.bucket(cell, i)
      this.#begin(row, this.#bucket!, below, row.shape.own[i])
      writeExemplar(row, chunk.exemplar(cell, i), bounds[i - 1], bounds[i])
      row.out.end()
    }
    this.#series(row, this.#sum!, chunk.value(cell))
    this.#series(row, this.#count!, below)
  }

  #nativeSeries(row: WrittenRow, value: ExponentialValue, { bounds }: RowSource, chunk: RowChunk, cell: number): void {
    const exemplars: Exemplar[] = []
    for (let i = 0; i <= bounds.length; i++) {
      const exemplar = chunk.exemplar(cell, i)
      if (exemplar !== undefined) exemplars.push(exemplar)
    }
    exemplars.sort((one, other) => one.timeUnixMs - other.timeUnixMs) // receivers drop exemplars out of order
    this.#histogram(row, value, chunk.value(cell), exemplars)
  }

  #histogram(row: WrittenRow, value: ExponentialValue | undefined, sum: number, exemplars: readonly Exemplar[] = []): void {
    const { out, moment, startTimeUnixMs } = row
    this.#plain.fill(this.#labels, row.labels)
    out.begin(this.#labels, this.metadata)
    out.histogram(value, sum, moment.timeUnixMs, startTimeUnixMs)
    for (const exemplar of exemplars) writeExemplar(row, exemplar)
    out.end()
  }

  /** Writes a whole series without an exemplar. A sample without a value is a stale marker. */
  #series(row: WrittenRow, series: SeriesLabels, value: number | undefined, own?: string): void {
    this.#begin(row, series, value, own)
    row.out.end()
  }

  #begin({ out, labels, moment, startTimeUnixMs }: WrittenRow, series: SeriesLabels, value: number | undefined, own?: string): void {
    series.fill(this.#labels, labels, own)
    out.begin(this.#labels, this.metadata)
    out.sample(value, moment.timeUnixMs, startTimeUnixMs)
  }

  /** True if this writes the series of this family with this target. */
  isFor(family: ExposedFamily, target: TargetLabels): boolean {
    return family === this.#family && target === this.#target
  }
}

/** Adds an exemplar to the open series, unless it was sent before or is not in the bucket (`above`, `upTo`]. */
function writeExemplar({ out, moment }: WrittenRow, exemplar: Exemplar | undefined, above = -Infinity, upTo = Infinity): void {
  if (exemplar === undefined) return
  const { timeUnixMs } = exemplar
  if (!(timeUnixMs > moment.exemplarsAfterUnixMs && timeUnixMs <= moment.timeUnixMs)) return
  const labels = isWithin(exemplar, above, upTo) ? exemplarLabels(exemplar) : undefined
  if (labels !== undefined) out.exemplar(labels, exemplar)
}
