import type { ExponentialBuckets, ExponentialValue } from '../../metrics/data/metric.js'
import { damaged } from './frame-error.js'
import type { FrameWriter } from './frame-writer.js'
import type { PayloadReader } from './payload-reader.js'

const MIN_SCHEMA = -4
const MAX_SCHEMA = 8
const LAST_INDEX = 2 ** 20

/** Writes the exponential buckets of a distribution, or that it has none. */
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
  if (!(schema >= MIN_SCHEMA && schema <= MAX_SCHEMA && zeroThreshold >= 0)) throw damaged('exponential buckets cannot be right')
  return { schema, zeroThreshold, zeroCount: reader.varint(), positive: readBuckets(reader), negative: readBuckets(reader) }
}

function readBuckets(reader: PayloadReader): ExponentialBuckets {
  const length = reader.varintUpTo(reader.remainingBytes, 'the number of buckets')
  const indexes: number[] = []
  const counts: number[] = []
  let index = 0
  for (let at = 0; at < length; at++) {
    const step = reader.signed()
    index += step
    if ((at > 0 && step <= 0) || Math.abs(index) > LAST_INDEX) throw damaged('exponential buckets do not increase')
    indexes.push(index)
    counts.push(reader.varint())
  }
  return { indexes, counts }
}
