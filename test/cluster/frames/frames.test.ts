import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { FrameReader } from '../../../src/cluster/frames/frame-reader.js'
import { FRAME, FrameWriter, isDataFrame, kindOf } from '../../../src/cluster/frames/frame-writer.js'
import { PayloadReader } from '../../../src/cluster/frames/payload-reader.js'

function readAll(reader: FrameReader): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  return frames
}

test('any frames are read as they were written', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer(), fc.double(), fc.string({ unit: 'grapheme' }), (whole, signed, double, text) => {
      const frame = new FrameWriter().begin(FRAME.ROWS).varint(whole).signed(signed).double(double).text(text).byte(7).end()
      const reader = new PayloadReader(frame)
      expect([reader.kind, reader.varint(), reader.signed(), reader.double(), reader.text(), reader.byte()]).toEqual([
        FRAME.ROWS,
        whole,
        signed,
        double,
        text.toWellFormed(),
        7,
      ])
      reader.end()
    }),
  )
})

test('columns of whole numbers and doubles are read as they were written', () => {
  const whole = fc.oneof(fc.nat(), fc.nat(300))
  fc.assert(
    fc.property(fc.array(whole), fc.array(fc.double()), (wholes, doubles) => {
      const reader = new PayloadReader(
        new FrameWriter().begin(FRAME.ROWS).varints(Int32Array.from(wholes)).doubles(Float64Array.from(doubles)).end(),
      )
      expect(reader.varints(wholes.length, 2 ** 31 - 1, 'a number')).toEqual(wholes)
      expect([...reader.doubles(doubles.length)]).toEqual(doubles)
      reader.end()
    }),
  )
})

test('a column that is cut off, or has a number that is too large, is invalid', () => {
  const invalid = expect.objectContaining({ code: 'ERR_GROUP_FRAME' })
  const reader = (...payload: number[]): PayloadReader =>
    new PayloadReader(Uint8Array.of(payload.length + 1, 0, 0, 0, FRAME.ROWS, ...payload))
  expect(() => reader(1).varints(2, 9, 'a number')).toThrow(invalid)
  expect(() => reader(1, 0x80).varints(2, 9, 'a number')).toThrow(invalid)
  expect(() => reader(10).varints(1, 9, 'a number')).toThrow(invalid)
  expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).varints(1, 9, 'a number')).toThrow(invalid)
  expect(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0).varints(1, 9, 'a number')).toThrow(invalid)
  expect(() => reader(0, 0, 0, 0, 0, 0, 0).doubles(1)).toThrow(invalid)
})

test('a stream that arrives in any pieces contains the same frames', () => {
  const lists = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(lists, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (payloads, sizes) => {
      const writer = new FrameWriter()
      const frames = payloads.map((payload) => {
        writer.begin(FRAME.VALUES)
        for (const byte of payload) writer.byte(byte)
        return writer.end()
      })
      const stream = Buffer.concat(frames)
      const reader = new FrameReader()
      const read: Uint8Array[] = []
      for (let at = 0; at < stream.length; ) {
        const size = sizes.next().value as number
        reader.push(stream.subarray(at, at + size))
        at += size
        read.push(...readAll(reader))
      }
      expect(read.map((frame) => Buffer.from(frame))).toEqual(frames.map((frame) => Buffer.from(frame)))
      expect(reader.bufferedBytes).toBe(0)
    }),
  )
})

test('an incomplete frame is not returned', () => {
  const reader = new FrameReader()
  const frame = new FrameWriter().begin(FRAME.ROWS).text('abc').end()
  reader.push(frame.subarray(0, frame.length - 1))
  expect(reader.next()).toBeUndefined()
})

test('a length beyond the limit is refused before its bytes arrive, and no memory is kept afterwards', () => {
  const reader = new FrameReader(64)
  reader.push(Uint8Array.of(61, 0, 0, 0))
  expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'ERR_GROUP_LIMIT' }))
  expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'ERR_GROUP_LIMIT' }))
  expect(reader.bufferedBytes).toBe(0)
})

test('a frame without a kind is invalid', () => {
  const reader = new FrameReader()
  reader.push(new Uint8Array(4))
  expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'ERR_GROUP_FRAME' }))
})

test('a writer makes no frame above the limit', () => {
  const writer = new FrameWriter(1_000).begin(FRAME.ROWS)
  expect(() => writer.text('x'.repeat(1_000))).toThrow(expect.objectContaining({ code: 'ERR_GROUP_LIMIT' }))
})

test('frames of the connection and frames with rows are distinguished', () => {
  const frame = new FrameWriter().begin(FRAME.LEAVE).end()
  expect([kindOf(frame), isDataFrame(FRAME.LEAVE), isDataFrame(FRAME.ROWS)]).toEqual([FRAME.LEAVE, false, true])
})

function check(payload: number[], read: (reader: PayloadReader) => unknown): void {
  const frame = Uint8Array.of(payload.length + 1, 0, 0, 0, FRAME.ROWS, ...payload)
  expect(() => read(new PayloadReader(frame))).toThrow(expect.objectContaining({ code: 'ERR_GROUP_FRAME' }))
}

test('an impossible payload is invalid', () => {
  check([], (reader) => reader.byte())
  check([0x80], (reader) => reader.varint())
  check([255, 255, 255, 255, 255, 255, 255, 127], (reader) => reader.varint())
  check([128, 128, 128, 128, 128, 128, 128, 128, 1], (reader) => reader.varint())
  check([1, 2, 3], (reader) => reader.double())
  check([5, 65], (reader) => reader.text())
  check([1, 0xff], (reader) => reader.text())
  check([9], (reader) => reader.varintUpTo(8, 'a bucket'))
  check([0], (reader) => reader.end())
})
