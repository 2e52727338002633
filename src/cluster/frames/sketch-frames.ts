import type { ExponentialBuckets, ExponentialValue } from '../../metrics/data/metric.js'
import { damaged } from './frame-error.js'
import type { FrameWriter } from './frame-writer.js'
import type { PayloadReader } from './payload-reader.js'
import { expiryOf, type KeptWindow } from '../../metrics/histograms/percentile-windows.js'
import type { PercentilesSettings } from '../../metrics/histograms/percentiles-options.js'
import type { PercentileWindow } from '../../metrics/data/row-source.js'

const MIN_SCHEMA = -4
const MAX_SCHEMA = 8
const LAST_INDEX = 2 ** 20

/** Writes the exponential buckets of a distribution, with a byte before them that is 0 if it has none. */
export function writeExponential(writer: FrameWriter, value: ExponentialValue | undefined): void {
  writer.byte(value === undefined ? 0 : 1)
  if (value === undefined) return
  writer.signed(value.schema).double(value.zeroThreshold).varint(value.zeroCount)
  for (const { indexes, counts } of [value.positive, value.negative]) {
    writer.varint(indexes.length)
    let before = 0
    for (const [at, index] of indexes.entries()) {
      writer.signed(index - before).varint(counts[at]!)
      before = index
    }
  }
}

export function readExponential(reader: PayloadReader): ExponentialValue | undefined {
  if (reader.byte() === 0) return undefined
  const schema = reader.signed()
  const zeroThreshold = reader.double()
  if (!(schema >= MIN_SCHEMA && schema <= MAX_SCHEMA && zeroThreshold >= 0)) throw damaged('exponential buckets are not valid')
  return { schema, zeroThreshold, zeroCount: reader.varint(), positive: readBuckets(reader), negative: readBuckets(reader) }
}

function readBuckets(reader: PayloadReader): ExponentialBuckets {
  return readCounts(reader, () => reader.signed(), LAST_INDEX)
}

/** So many buckets of one row always fit into a frame. */
const MAX_BUCKETS = 80_000
const LAST_BUCKET = 2 ** 24
const MAX_WINDOWS = 1_024

/** Writes the windows of a row, or a byte 0 if they have too many buckets for a frame. */
export function writeWindows(writer: FrameWriter, windows: readonly PercentileWindow[] | undefined): void {
  const buckets = windows?.reduce((sum, { indexes }) => sum + indexes.length, 0) ?? Number.POSITIVE_INFINITY
  if (windows === undefined || buckets > MAX_BUCKETS || windows.length > MAX_WINDOWS) return void writer.byte(0)
  writer.byte(1).varint(windows.length)
  for (const { indexes, counts, min, max, remainingMs } of windows) {
    writer.double(min).double(max).double(remainingMs).varint(indexes.length)
    let before = 0
    for (const [at, index] of indexes.entries()) {
      writer.varint(index - before).varint(counts[at]!)
      before = index
    }
  }
}

/** Reads the windows of a row. Returns undefined if the sender has omitted them. */
export function readWindows(reader: PayloadReader, settings: PercentilesSettings, nowMs: number): readonly KeptWindow[] | undefined {
  if (reader.byte() === 0) return undefined
  const length = reader.varintUpTo(MAX_WINDOWS, 'the number of windows')
  const longestMs = settings.windowMs * (settings.windows + 1)
  const windows: KeptWindow[] = []
  for (let at = 0; at < length; at++) {
    const [min, max, remainingMs] = [reader.double(), reader.double(), reader.double()]
    if (!(min <= max && remainingMs >= 0 && remainingMs <= longestMs)) throw damaged('a window of percentiles is not valid')
    const { indexes, counts } = readCounts(reader, () => reader.varint(), LAST_BUCKET)
    if (indexes.length > 0) windows.push({ indexes, counts, min, max, expiresMs: expiryOf(nowMs, remainingMs, settings) })
  }
  return windows
}

/** Reads the counts of buckets, each with the difference of its index from the one before. Indexes increase up to `lastIndex`. */
function readCounts(reader: PayloadReader, readStep: () => number, lastIndex: number): ExponentialBuckets {
  const length = reader.varintUpTo(reader.remainingBytes, 'the number of buckets')
  const indexes: number[] = []
  const counts: number[] = []
  let index = 0
  for (let at = 0; at < length; at++) {
    const step = readStep()
    index += step
    if ((at > 0 && step <= 0) || Math.abs(index) > lastIndex) throw damaged('the indexes of buckets do not increase')
    indexes.push(index)
    counts.push(reader.varint())
  }
  return { indexes, counts }
}
