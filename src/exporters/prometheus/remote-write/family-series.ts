import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../../metrics/data/row-source.js'
import { exemplarLabels, isWithin } from '../format/exemplar-text.js'
import type { ExposedFamily, OpenMetricsType } from '../format/names.js'
import { type RowLabels, SeriesLabels, type TargetLabels } from './series-labels.js'
import type { RequestWriter, SeriesMetadata } from './write-request.js'

/** How distributions with exponential buckets are sent: as series of buckets, as native histograms, or both. */
export type NativeHistograms = boolean | 'both'

/** What a row consists of: enough to end its series when it is removed. */
export interface RowShape {
  readonly kind: RowSource['kind']
  /** Values of `le`, or of `quantile`. */
  readonly own: readonly string[]
  readonly isClassic: boolean
  readonly isNative: boolean
}

/** The moment of an export, and which exemplars belong to it. */
export interface ExportMoment {
  readonly timeUnixMs: number
  /** Exemplars that are newer, up to `timeUnixMs`, are sent: each once. */
  readonly exemplarsAfterUnixMs: number
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

/** Writes the rows of a family as series, under the names that they have in text 0.0.4. */
export class FamilySeries {
  readonly name: string
  /** Its name and process: series of two processes are not the same. */
  readonly key: string
  readonly metadata: SeriesMetadata
  readonly #family: ExposedFamily
  readonly #target: TargetLabels
  readonly #native: NativeHistograms
  readonly #plain: SeriesLabels
  readonly #bucket: SeriesLabels | undefined
  readonly #quantile: SeriesLabels | undefined
  readonly #sum: SeriesLabels | undefined
  readonly #count: SeriesLabels | undefined
  /** Labels of the series that is being written. */
  readonly #labels: string[] = []

  constructor(family: ExposedFamily, target: TargetLabels, native: NativeHistograms) {
    this.name = family.name
    this.key = JSON.stringify([family.name, target['job'], target['instance']])
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

  /** The most samples that a row of this source can have. */
  samplesOf({ kind, bounds }: RowSource): number {
    return kind === 'distribution' ? bounds.length + 4 : kind === 'summary' ? 64 : 1
  }

  /** The shape of the rows of a source whose values are all of one kind; that of summaries depends on the row. */
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
  row(out: RequestWriter, shape: RowShape, source: RowSource, chunk: RowChunk, cell: number, row: RowLabels, moment: ExportMoment): void {
    const start = this.#family.type === 'gauge' ? Number.NaN : chunk.startTimeUnixMs(cell)
    if (source.kind === 'scalar') {
      const exemplar = this.#family.type === 'counter' ? chunk.exemplar(cell, 0) : undefined
      this.#series(
        out,
        this.#plain,
        row,
        '',
        chunk.value(cell),
        moment,
        start,
        exemplar,
        Number.NEGATIVE_INFINITY,
        Number.POSITIVE_INFINITY,
      )
    } else if (source.kind === 'summary') {
      const { quantiles, count, sum } = chunk.summary!(cell)
      for (const [at, { value }] of quantiles.entries()) this.#series(out, this.#quantile!, row, shape.own[at], value, moment, start)
      this.#series(out, this.#sum!, row, '', sum, moment, start)
      this.#series(out, this.#count!, row, '', count, moment, start)
    } else {
      if (shape.isClassic) this.#classic(out, shape, source, chunk, cell, row, moment, start)
      const exponential = shape.isNative ? chunk.exponential!(cell) : undefined
      if (exponential !== undefined) this.#nativeSeries(out, exponential, source, chunk, cell, row, moment, start)
    }
  }

  /** Ends all series that a row had. */
  stale(out: RequestWriter, { kind, own, isClassic, isNative }: RowShape, row: RowLabels, timeUnixMs: number): void {
    const moment = { timeUnixMs, exemplarsAfterUnixMs: 0 }
    const end = (labels: SeriesLabels, value = ''): void => this.#series(out, labels, row, value, undefined, moment, Number.NaN)
    if (kind === 'scalar') return end(this.#plain)
    if (isClassic) {
      for (const value of own) end(kind === 'summary' ? this.#quantile! : this.#bucket!, value)
      end(this.#sum!)
      end(this.#count!)
    }
    if (!isNative) return
    this.#plain.fill(this.#labels, row)
    out.begin(this.#labels, this.metadata)
    out.histogram(undefined, 0, timeUnixMs, Number.NaN)
    out.end()
  }

  #classic(
    out: RequestWriter,
    { own }: RowShape,
    { bounds }: RowSource,
    chunk: RowChunk,
    cell: number,
    row: RowLabels,
    moment: ExportMoment,
    start: number,
  ): void {
    let below = 0
    for (let i = 0; i <= bounds.length; i++) {
      below += chunk.bucket(cell, i)
      const [above, upTo] = [bounds[i - 1] ?? Number.NEGATIVE_INFINITY, bounds[i] ?? Number.POSITIVE_INFINITY]
      this.#series(out, this.#bucket!, row, own[i], below, moment, start, chunk.exemplar(cell, i), above, upTo)
    }
    this.#series(out, this.#sum!, row, '', chunk.value(cell), moment, start)
    this.#series(out, this.#count!, row, '', below, moment, start)
  }

  #nativeSeries(
    out: RequestWriter,
    value: ExponentialValue,
    { bounds }: RowSource,
    chunk: RowChunk,
    cell: number,
    row: RowLabels,
    moment: ExportMoment,
    start: number,
  ): void {
    this.#plain.fill(this.#labels, row)
    out.begin(this.#labels, this.metadata)
    out.histogram(value, chunk.value(cell), moment.timeUnixMs, start)
    const exemplars: Exemplar[] = []
    for (let i = 0; i <= bounds.length; i++) {
      const exemplar = chunk.exemplar(cell, i)
      if (exemplar !== undefined) exemplars.push(exemplar)
    }
    exemplars.sort((one, other) => one.timeUnixMs - other.timeUnixMs) // receivers drop those that are older than the one before
    for (const exemplar of exemplars) writeExemplar(out, exemplar, moment, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
    out.end()
  }

  #series(
    out: RequestWriter,
    labels: SeriesLabels,
    row: RowLabels,
    own: string | undefined,
    value: number | undefined,
    moment: ExportMoment,
    start: number,
    exemplar?: Exemplar,
    above = 0,
    upTo = 0,
  ): void {
    labels.fill(this.#labels, row, own)
    out.begin(this.#labels, this.metadata)
    out.sample(value, moment.timeUnixMs, start)
    if (exemplar !== undefined) writeExemplar(out, exemplar, moment, above, upTo)
    out.end()
  }

  /** Whether this writes the series of the same family in the same way. */
  isFor(family: ExposedFamily, target: TargetLabels): boolean {
    return family === this.#family && target === this.#target
  }
}

function writeExemplar(out: RequestWriter, exemplar: Exemplar, moment: ExportMoment, above: number, upTo: number): void {
  const { timeUnixMs } = exemplar
  if (!(timeUnixMs > moment.exemplarsAfterUnixMs && timeUnixMs <= moment.timeUnixMs)) return
  const labels = isWithin(exemplar, above, upTo) ? exemplarLabels(exemplar) : undefined
  if (labels !== undefined) out.exemplar(labels, exemplar)
}
