import { memoize } from '../../base/memoize.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import type { ExportCounts } from '../export-counts.js'
import { type Packet, PacketPacker } from './packet-packer.js'
import { plainNumber } from './plain-number.js'
import { type SentSeries, SentValues } from './sent-values.js'
import { type LineTags, statsdName, TagWriter } from './statsd-names.js'
import type { CheckedOptions } from './statsd-options.js'

/** The parts of the lines of a row that stay the same: all but the values. */
interface RowLines {
  readonly series: SentSeries
  readonly name: string
  readonly tags: LineTags
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
  readonly #sent = new SentValues()
  readonly #counts: ExportCounts
  readonly #tagWriter: TagWriter
  /** The fixed parts of the lines of a chunk, until one of its rows is added or removed. */
  readonly #linesOf = memoize(({ version }: RowChunk): ChunkLines => ({ version, rows: [] }))
  #out: PacketPacker

  constructor(options: CheckedOptions, counts: ExportCounts) {
    this.#options = options
    this.#counts = counts
    this.#tagWriter = new TagWriter(options.tagStyle, options.tags, options.fields)
    this.#out = new PacketPacker(options.maxPacketBytes)
  }

  /** Begins an export. Returns the packer that collects its lines. */
  begin(): PacketPacker {
    this.#sent.begin()
    this.#out = new PacketPacker(this.#options.maxPacketBytes)
    return this.#out
  }

  /** @param isComplete True if all rows were written. */
  end(isComplete: boolean): void {
    this.#sent.end(isComplete)
  }

  /** Writes one row. */
  row(source: RowSource, chunk: RowChunk, cell: number): void {
    const { type } = source.descriptor
    if (type === 'INFO' && this.#options.tagStyle === 'none') return // its only content are labels
    const row = this.#rowLines(source, chunk, cell)
    if (source.kind === 'distribution') this.#distribution(row, source, chunk, cell)
    else if (source.kind === 'summary') this.#summary(row, source, chunk, cell)
    else if (type === 'CUMULATIVE_INT64' || type === 'CUMULATIVE_DOUBLE') {
      const total = chunk.value(cell)
      row.series.detectReset(chunk, cell, COUNT, total)
      this.#counter(row, row.name, row.tags, COUNT, total)
    } else this.#gauge(row.name, row.tags, chunk.value(cell))
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
    const row = { series, name: statsdName(name, this.#options.prefix), tags }
    lines.rows[cell] = row
    return row
  }

  #distribution(row: RowLines, source: RowSource, chunk: RowChunk, cell: number): void {
    const count = chunk.count(cell)
    row.series.detectReset(chunk, cell, COUNT, count)
    if (this.#options.buckets) this.#buckets(row, source, chunk, cell)
    if (this.#options.distributions === 'midpoints') this.#midpoints(row, source, chunk, cell)
    this.#counter(row, `${row.name}.count`, row.tags, COUNT, count)
    this.#counter(row, `${row.name}.sum`, row.tags, SUM, chunk.value(cell))
  }

  /** Writes a counter for each bucket that has grown. */
  #buckets(row: RowLines, { bounds, descriptor }: RowSource, chunk: RowChunk, cell: number): void {
    for (let at = 0; at <= bounds.length; at++) {
      const count = chunk.bucket(cell, at)
      if (row.series.delta(BUCKETS + at, count) === 0) continue
      const le = at === bounds.length ? '+Inf' : String(bounds[at])
      const tags = this.#tagWriter.tags(descriptor.labelKeys, chunk, cell, [['le', le]])
      this.#counter(row, `${row.name}.bucket`, tags, BUCKETS + at, count)
    }
  }

  /** Writes the middle of each bucket that has grown, with the sample rate that represents the number of new values. */
  #midpoints(row: RowLines, { bounds }: RowSource, chunk: RowChunk, cell: number): void {
    const first = BUCKETS + bounds.length + 1
    const grown = { count: row.series.delta(COUNT, chunk.count(cell)), sum: row.series.delta(SUM, chunk.value(cell)) }
    for (let at = 0; at <= bounds.length; at++) {
      const delta = row.series.delta(first + at, chunk.bucket(cell, at))
      if (delta <= 0) continue
      const rate = delta === 1 ? '' : `|@${plainNumber(rateFor(delta))}`
      const value = plainNumber(midpoint(bounds, at, grown))
      this.#line(row.name, row.tags, `${value}|d${rate}`)?.addDelta(row.series, first + at, delta)
    }
  }

  #summary(row: RowLines, source: RowSource, chunk: RowChunk, cell: number): void {
    const { count, sum, quantiles } = chunk.summary!(cell)
    row.series.detectReset(chunk, cell, COUNT, count)
    for (const { quantile, value } of this.#options.percentiles ? quantiles : []) {
      if (Number.isNaN(value)) continue // there are no values in the window
      if (this.#options.tagStyle === 'none') {
        this.#gauge(`${row.name}.p${percentileName(quantile)}`, row.tags, value)
      } else {
        const tags = this.#tagWriter.tags(source.descriptor.labelKeys, chunk, cell, [['quantile', String(quantile)]])
        this.#gauge(`${row.name}.quantile`, tags, value)
      }
    }
    this.#counter(row, `${row.name}.count`, row.tags, COUNT, count)
    this.#counter(row, `${row.name}.sum`, row.tags, SUM, sum)
  }

  #counter({ series }: RowLines, name: string, tags: LineTags, place: number, total: number): void {
    const delta = series.delta(place, total)
    if (delta === 0) return
    if (!Number.isFinite(delta)) this.#counts.dropped('not_finite', 1)
    else this.#line(name, tags, `${plainNumber(delta)}|c`)?.addDelta(series, place, delta)
  }

  #gauge(name: string, tags: LineTags, value: number): void {
    if (!Number.isFinite(value)) return this.#counts.dropped('not_finite', 1)
    const text = `${plainNumber(value + 0)}|g` // -0 is 0
    // StatsD reads a sign as a change of the gauge: set it to 0 before, in the same packet.
    const isChange = value < 0 && this.#options.tagStyle !== 'dogstatsd'
    this.#line(name, tags, text, isChange ? `${name}${tags.afterName}:0|g${tags.atEnd}\n` : '')
  }

  /** Returns the packet that takes the line, or undefined if the line is longer than a packet. */
  #line(name: string, { afterName, atEnd }: LineTags, value: string, before = ''): Packet | undefined {
    const line = `${before}${name}${afterName}:${value}${atEnd}`
    const bytes = Buffer.byteLength(line)
    const packet = this.#out.packetFor(bytes)
    if (packet === undefined) this.#counts.dropped('too_long', 1)
    packet?.add(line, bytes)
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
