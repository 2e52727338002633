import { ProtobufWriter } from '../protobuf-writer.js'
import { ITEM } from './envelope.js'
import { ProtobufReader } from './protobuf-reader.js'

/** The fields of a metric that hold its points: gauge, sum, histogram, exponential histogram, summary. */
const DATA: ReadonlySet<number> = new Set([5, 7, 9, 10, 11])
const POINT = 1

/**
 * Splits encoded metrics before point number `at`. A metric with points on both sides is in both results. The encoded points are reused,
 * because the rows may have changed since.
 */
export function splitMetrics(bytes: Uint8Array, at: number): readonly [Uint8Array, Uint8Array] {
  const [first, second] = [new ProtobufWriter(), new ProtobufWriter()]
  const reader = new ProtobufReader(bytes)
  let before = 0
  for (let from = 0; reader.next(); from = reader.at) {
    const start = reader.block()
    const points = pointsIn(bytes, start, reader.at)
    if (before + points <= at) first.raw(bytes.subarray(from, reader.at))
    else if (before >= at) second.raw(bytes.subarray(from, reader.at))
    else {
      writeMetric(first, bytes.subarray(start, reader.at), (point) => before + point < at)
      writeMetric(second, bytes.subarray(start, reader.at), (point) => before + point >= at)
    }
    before += points
  }
  return [first.take(), second.take()]
}

/** Splits encoded spans before span number `at`. Both results are copies, because the buffer of each is reused once it was sent. */
export function splitSpans(bytes: Uint8Array, at: number): readonly [Uint8Array, Uint8Array] {
  const reader = new ProtobufReader(bytes)
  for (let span = 0; span < at && reader.next(); span++) reader.skipField()
  return [copyOf(bytes.subarray(0, reader.at)), copyOf(bytes.subarray(reader.at))]
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const out = new ProtobufWriter()
  out.raw(bytes)
  return out.take()
}

function pointsIn(bytes: Uint8Array, from: number, end: number): number {
  let points = 0
  eachField(bytes, from, end, (field, start, stop) => {
    if (!DATA.has(field)) return
    eachField(bytes, start, stop, (inner) => void (points += inner === POINT ? 1 : 0))
  })
  return points
}

function writeMetric(out: ProtobufWriter, metric: Uint8Array, isMine: (point: number) => boolean): void {
  const item = out.open(ITEM, 3)
  eachField(metric, 0, metric.length, (field, start, end, from) => {
    if (!DATA.has(field)) return out.raw(metric.subarray(from, end))
    let point = 0
    const data = out.open(field * 8 + 2, 3)
    eachField(metric, start, end, (inner, _, stop, begin) => {
      if (inner !== POINT || isMine(point++)) out.raw(metric.subarray(begin, stop))
    })
    out.close(data, 3)
  })
  out.close(item, 3)
}

/** Calls `visit` with each field: its number, and the offsets of its content, its end and its tag. */
function eachField(
  bytes: Uint8Array,
  from: number,
  end: number,
  visit: (field: number, start: number, end: number, from: number) => void,
): void {
  const reader = new ProtobufReader(bytes, from, end)
  for (let begin = from; reader.next(); begin = reader.at) {
    let start = reader.at
    if (reader.wire === 2) start = reader.block()
    else reader.skipField()
    visit(reader.field, start, reader.at, begin)
  }
}
