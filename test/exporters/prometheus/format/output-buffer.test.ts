import { expect, test } from 'vitest'
import { OutputBuffer, reuseChunk } from '../../../../src/exporters/prometheus/format/output-buffer.js'

const CHUNK = 131_072
const filled = (length: number, byte: number) => Buffer.alloc(length, byte)

/** Everything that was written. */
const taken = (out: OutputBuffer) => Buffer.concat([...out.takeFull(), out.takeRest()])

test('output is emitted once, in chunks of one size', () => {
  const out = new OutputBuffer()
  expect([out.hasFull, out.takeFull(), out.takeRest().length]).toEqual([false, [], 0])
  const bytes = Buffer.from(Array.from({ length: 2 * CHUNK + 10 }, (_, at) => at % 251))
  out.write(bytes)
  expect(out.hasFull).toBe(true)
  const full = out.takeFull()
  expect(full.map(({ length }) => length)).toEqual([CHUNK, CHUNK])
  expect([out.hasFull, out.takeFull()]).toEqual([false, []])
  expect(Buffer.concat([...full, out.takeRest()]).equals(bytes)).toBe(true)
})

test('a full chunk is emitted before more is written', () => {
  const out = new OutputBuffer()
  out.write(filled(CHUNK, 1))
  expect([out.hasFull, out.takeRest().length]).toEqual([false, CHUNK])
  out.write(Buffer.from([2]))
  expect([out.hasFull, out.takeRest().length]).toEqual([true, 1])
})

test('only the requested number of bytes is written', () => {
  const out = new OutputBuffer()
  out.write(filled(10, 1), 3)
  out.write(filled(10, 2), 0)
  out.write(filled(2, 3))
  expect([...taken(out)]).toEqual([1, 1, 1, 3, 3])
})

test('reserved space begins after the written bytes, or in the next chunk if it does not fit', () => {
  const out = new OutputBuffer()
  out.write(filled(CHUNK - 8, 1))
  const fits = out.room(8)!
  expect(fits.at).toBe(CHUNK - 8)
  fits.bytes.fill(2, fits.at, fits.at + 2)
  out.advance(fits.at + 2)
  expect(out.hasFull).toBe(false)
  const next = out.room(7)!
  expect([next.at, out.hasFull]).toEqual([0, true])
  next.bytes.fill(3, 0, 7)
  out.advance(7)
  out.write(Buffer.from([4]))
  expect(taken(out).equals(Buffer.concat([filled(CHUNK - 8, 1), filled(2, 2), filled(7, 3), filled(1, 4)]))).toBe(true)
})

test('a chunk that ends early is emitted without its unused end, a full one whole', () => {
  const out = new OutputBuffer()
  out.write(filled(CHUNK, 1))
  expect(out.room(1)!.at).toBe(0)
  expect(out.takeFull().map(({ length }) => length)).toEqual([CHUNK])
})

test('a whole chunk can be reserved, and no more', () => {
  expect(new OutputBuffer().room(CHUNK)!.at).toBe(0)
  expect(new OutputBuffer().room(CHUNK)!.bytes.length).toBe(CHUNK)
  expect(new OutputBuffer().room(CHUNK + 1)).toBeUndefined()
})

test('a document of less than half a chunk leaves its chunk to the next one, and keeps its own bytes', () => {
  const small = new OutputBuffer()
  small.write(filled(10, 1))
  const { bytes } = small.room(1)!
  const rest = small.takeRest()
  small.close()
  const next = new OutputBuffer()
  expect(next.room(1)!.bytes).toBe(bytes)
  next.write(filled(20, 2))
  expect(rest).toEqual(filled(10, 1))
  expect(new OutputBuffer().room(1)!.bytes).not.toBe(bytes)
})

test('a chunk that was taken is not used again', () => {
  const large = new OutputBuffer()
  large.write(filled(CHUNK / 2 + 1, 1))
  const { bytes } = large.room(1)!
  large.takeRest()
  large.close()
  expect(new OutputBuffer().room(1)!.bytes).not.toBe(bytes)
})

test('a chunk of an output that is given up is used again, however full it is', () => {
  const out = new OutputBuffer()
  const { bytes } = out.room(1)!
  out.write(filled(CHUNK - 1, 1))
  out.close()
  expect(new OutputBuffer().room(1)!.bytes.buffer).toBe(bytes.buffer)
})

test('memory that is taken back twice is used once', () => {
  const out = new OutputBuffer()
  out.write(filled(CHUNK - 1, 1))
  const rest = out.takeRest()
  reuseChunk(rest)
  reuseChunk(rest)
  const used = [new OutputBuffer(), new OutputBuffer()].map((next) => next.room(1)!.bytes.buffer)
  expect(used.filter((buffer) => buffer === rest.buffer)).toHaveLength(1)
})

test('eight chunks at most are taken back, and used only for the first eight of an output', () => {
  const whole = new OutputBuffer()
  whole.write(filled(20 * CHUNK, 1))
  const chunks = whole.takeFull()
  chunks.forEach(reuseChunk)
  const next = new OutputBuffer()
  next.write(filled(8 * CHUNK, 2))
  whole.takeFull()
  chunks.slice(8).forEach(reuseChunk) // none of them: they were not kept
  next.write(filled(8 * CHUNK, 3))
  const taken = [...next.takeFull(), next.takeRest()].map(({ buffer }) => chunks.findIndex((chunk) => chunk.buffer === buffer))
  expect(taken.filter((at) => at >= 0)).toHaveLength(8)
  expect(taken.slice(8)).toEqual(Array(8).fill(-1))
})

test('the memory of a chunk that was taken back is used for the next output', () => {
  const out = new OutputBuffer()
  out.write(filled(CHUNK - 1, 1))
  const rest = out.takeRest()
  out.close()
  reuseChunk(rest)
  expect(new OutputBuffer().room(1)!.bytes.buffer).toBe(rest.buffer)
})

test('bytes that are not from a chunk are not written to, even if they have its size', () => {
  const foreign = filled(CHUNK, 1)
  reuseChunk(foreign)
  new OutputBuffer().write(filled(10, 2))
  expect(foreign.equals(filled(CHUNK, 1))).toBe(true)
})
