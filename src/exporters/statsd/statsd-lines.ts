import { memoize } from '../../metrics/data/memoize.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import type { ExportCounts } from '../export-counts.js'
import type { PacketPacker } from './packet-packer.js'
import { plainNumber } from './plain-number.js'
import type { SentSeries, SentValues } from './sent-values.js'
import { type LineTags, statsdName, TagWriter } from './statsd-names.js'
import type { CheckedOptions } from './statsd-options.js'

/** The parts of the lines of a row that stay the same: all but the values. */
interface RowLines {
  readonly series: SentSeries
  readonly name: string
  readonly tags: LineTags
  readonly tagBytes: number
}

interface ChunkLines {
  version: number
  rows: (RowLines | undefined)[]
}

const COUNT = 0
const SUM = 1
const BUCKETS = 2

/** Writes rows as lines. Counters and distributions are written as deltas, which the sender of the packet commits. */
export class StatsdLines {
  readonly #options: CheckedOptions
  readonly #sent: SentValues
  readonly #counts: ExportCounts
  readonly #tagWriter: TagWriter
  /** The fixed parts of the lines of a chunk, until one of its rows is added or removed. */
  readonly #linesOf = memoize(({ version }: RowChunk): ChunkLines => ({ version, rows: [] }))
  #tooLong = 0

  constructor(options: CheckedOptions, sent: SentValues, counts: ExportCounts) {
    this.#options = options
    this.#sent = sent
    this.#counts = counts
    this.#tagWriter = new TagWriter(options.tagStyle, options.tags, options.fields)
  }

  /** The number of lines since the last call that were dropped because they are longer than a packet. */
  takeTooLong(): number {
    const tooLong = this.#tooLong
    this.#tooLong = 0
    return tooLong
  }

  /** Writes one row. */
  row(source: RowSource, chunk: RowChunk, cell: number, out: PacketPacker): void {
    const { type } = source.descriptor
    if (type === 'INFO' && this.#options.tagStyle === 'none') return // its only content are labels
    const row = this.#rowLines(source, chunk, cell)
    if (source.kind === 'distribution') this.#distribution(row, source, chunk, cell, out)
    else if (source.kind === 'summary') this.#summary(row, source, chunk, cell, out)
    else if (type === 'CUMULATIVE_INT64' || type === 'CUMULATIVE_DOUBLE') {
      const total = chunk.value(cell)
      row.series.detectReset(chunk.startTimeUnixMs(cell), COUNT, total)
      this.#counter(row, row.name, row.tags, COUNT, total, out)
    } else this.#gauge(row.name, row.tags, chunk.value(cell), out)
  }

  #rowLines(source: RowSource, chunk: RowChunk, cell: number): RowLines {
    const lines = this.#linesOf(chunk)
    if (lines.version !== chunk.version) {
      lines.version = chunk.version
      lines.rows = []
    }
    const known = lines.rows[cell]
    if (known !== undefined && this.#sent.claim(known.series)) return known
    const { name, labelKeys } = source.descriptor
    const tags = this.#tagWriter.tags(labelKeys, chunk, cell)
    const series = this.#sent.find(`${name}\n${tags.afterName}\n${tags.atEnd}`, chunk.startTimeUnixMs(cell))
    const tagBytes = Buffer.byteLength(tags.afterName) + Buffer.byteLength(tags.atEnd)
    const row = { series, name: statsdName(name, this.#options.prefix), tags, tagBytes }
    lines.rows[cell] = row
    return row
  }

  #distribution(row: RowLines, source: RowSource, chunk: RowChunk, cell: number, out: PacketPacker): void {
    const { buckets, distributions } = this.#options
    const { bounds } = source
    const count = chunk.count(cell)
    row.series.detectReset(chunk.startTimeUnixMs(cell), COUNT, count)
    if (buckets) {
      for (let at = 0; at <= bounds.length; at++) {
        const inBucket = chunk.bucket(cell, at)
        const place = BUCKETS + at
        if (row.series.delta(place, inBucket) === 0) continue
        const le = at === bounds.length ? '+Inf' : String(bounds[at])
        const tags = this.#tagWriter.tags(source.descriptor.labelKeys, chunk, cell, [['le', le]])
        this.#counter(row, `${row.name}.bucket`, tags, place, inBucket, out)
      }
    }
    if (distributions === 'midpoints') {
      const first = BUCKETS + bounds.length + 1
      const grown = { count: row.series.delta(COUNT, count), sum: row.series.delta(SUM, chunk.value(cell)) }
      for (let at = 0; at <= bounds.length; at++) {
        const delta = row.series.delta(first + at, chunk.bucket(cell, at))
        if (delta <= 0) continue
        const rate = delta === 1 ? '' : `|@${plainNumber(rateFor(delta))}`
        const value = plainNumber(midpoint(bounds, at, grown))
        this.#line(row.name, row.tags, `${value}|d${rate}`, out)?.addDelta(row.series, first + at, delta)
      }
    }
    this.#counter(row, `${row.name}.count`, row.tags, COUNT, count, out)
    this.#counter(row, `${row.name}.sum`, row.tags, SUM, chunk.value(cell), out)
  }

  #summary(row: RowLines, source: RowSource, chunk: RowChunk, cell: number, out: PacketPacker): void {
    const { count, sum, quantiles } = chunk.summary!(cell)
    row.series.detectReset(chunk.startTimeUnixMs(cell), COUNT, count)
    if (this.#options.percentiles) {
      for (const { quantile, value } of quantiles) {
        if (Number.isNaN(value)) continue // there are no values in the window
        if (this.#options.tagStyle === 'none') {
          this.#gauge(`${row.name}.p${percentileName(quantile)}`, row.tags, value, out)
        } else {
          const tags = this.#tagWriter.tags(source.descriptor.labelKeys, chunk, cell, [['quantile', String(quantile)]])
          this.#gauge(`${row.name}.quantile`, tags, value, out)
        }
      }
    }
    this.#counter(row, `${row.name}.count`, row.tags, COUNT, count, out)
    this.#counter(row, `${row.name}.sum`, row.tags, SUM, sum, out)
  }

  #counter({ series }: RowLines, name: string, tags: LineTags, place: number, total: number, out: PacketPacker): void {
    const delta = series.delta(place, total)
    if (delta === 0) return
    if (!Number.isFinite(delta)) this.#counts.dropped('not_finite', 1)
    else this.#line(name, tags, `${plainNumber(delta)}|c`, out)?.addDelta(series, place, delta)
  }

  #gauge(name: string, tags: LineTags, value: number, out: PacketPacker): void {
    if (!Number.isFinite(value)) {
      this.#counts.dropped('not_finite', 1)
      return
    }
    const text = `${plainNumber(value + 0)}|g` // -0 is 0
    // StatsD reads a sign as a change of the gauge: set it to 0 before, in the same packet.
    const isChange = value < 0 && this.#options.tagStyle !== 'dogstatsd'
    this.#line(name, tags, text, out, isChange ? `${name}${tags.afterName}:0|g${tags.atEnd}\n` : '')
  }

  #line(
    name: string,
    { afterName, atEnd }: LineTags,
    value: string,
    out: PacketPacker,
    before = '',
  ): ReturnType<PacketPacker['packetFor']> {
    const line = `${before}${name}${afterName}:${value}${atEnd}`
    const bytes = Buffer.byteLength(line)
    const packet = out.packetFor(bytes)
    if (packet === undefined) this.#tooLong++
    else packet.add(line, bytes)
    return packet
  }
}

/** The sample rate with which a receiver counts a value `count` times, even if it truncates 1 / rate to an integer. */
export function rateFor(count: number): number {
  let rate = 1 / count
  while (1 / rate < count) rate -= rate * Number.EPSILON
  return rate
}

/** The value that represents those of a bucket: its middle. For the open buckets their bound, or half the first bound if it is positive. */
function midpoint(bounds: readonly number[], at: number, grown: { readonly count: number; readonly sum: number }): number {
  if (bounds.length === 0) return grown.count === 0 ? 0 : grown.sum / grown.count
  if (at === bounds.length) return bounds[at - 1]!
  if (at === 0) return bounds[0]! > 0 ? bounds[0]! / 2 : bounds[0]!
  return (bounds[at - 1]! + bounds[at]!) / 2
}

/** 0.99 is `99`, and 0.999 is `99_9`, since a dot separates parts of a name. */
function percentileName(quantile: number): string {
  return String(Number((quantile * 100).toPrecision(12))).replace('.', '_')
}
