import { describe, expect, test } from 'vitest'
import { ProtobufWriter, tag } from '../../src/exporters/protobuf-writer.js'

/** A varint by definition. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

const stringField = (text: string) => [10, ...varint(Buffer.byteLength(text)), ...Buffer.from(text)]

/** What is written behind as many bytes of one value. */
function writtenBehind(filled: number, write: (writer: ProtobufWriter) => void): number[] {
  const writer = new ProtobufWriter()
  writer.raw(Buffer.alloc(filled, 7))
  write(writer)
  const { length } = writer
  const bytes = Buffer.from(writer.take())
  expect(bytes.length).toBe(length)
  expect(bytes.subarray(0, filled).equals(Buffer.alloc(filled, 7))).toBe(true)
  expect(writer.length).toBe(0)
  return [...bytes.subarray(filled)]
}

const written = (write: (writer: ProtobufWriter) => void) => writtenBehind(0, write)

const BUFFER = 65_536
const NUMBERS = [0, 1, 126, 127, 128, 129, 16_383, 16_384, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 127, 2 ** 53]

test('a tag is a field number and a wire type', () => {
  expect([tag(1, 0), tag(1, 1), tag(2, 2), tag(16, 2)]).toEqual([8, 9, 18, 130])
})

test('whole numbers are varints of minimal length', () => {
  for (const value of NUMBERS) {
    expect(written((writer) => writer.varint(value))).toEqual(varint(value))
    expect(written((writer) => writer.uint(8, value))).toEqual([8, ...varint(value)])
  }
})

test('signed numbers are zigzag-encoded', () => {
  for (const [value, folded] of [
    [0, 0],
    [-1, 1],
    [1, 2],
    [-2, 3],
    [2, 4],
    [-(2 ** 40), 2 ** 41 - 1],
  ] as const) {
    expect(written((writer) => writer.zigzag(value))).toEqual(varint(folded))
  }
})

test('doubles are little-endian, and -0 is 0', () => {
  const bytes = (value: number) => [...new Uint8Array(new Float64Array([value]).buffer)]
  for (const value of [0, 1.5, -2.25, Number.NaN, Infinity])
    expect(written((writer) => writer.double(9, value))).toEqual([9, ...bytes(value)])
  expect(written((writer) => writer.double(9, -0))).toEqual([9, ...bytes(0)])
})

test('strings of every length and character are length-prefixed UTF-8', () => {
  const lengths = [0, 1, 62, 63, 64, 65, 127, 128, 300]
  for (const text of [...lengths.map((length) => 'a'.repeat(length)), ...lengths.map((length) => `${'a'.repeat(length)}ü`)]) {
    expect(written((writer) => writer.string(10, text))).toEqual(stringField(text))
  }
  for (const text of ['\x7e', '\x7f', '\x80', 'a\x7f', 'a\x80b', '😀', 'ü'.repeat(40)]) {
    expect(written((writer) => writer.string(10, text))).toEqual(stringField(text))
  }
})

describe('at the end of a buffer', () => {
  const left = Array.from({ length: 70 }, (_, at) => at)

  test('messages are complete', () => {
    for (const room of left) {
      const filled = BUFFER - room
      expect(writtenBehind(filled, (writer) => writer.varint(2 ** 53))).toEqual(varint(2 ** 53))
      expect(writtenBehind(filled, (writer) => writer.double(9, 1.5))).toEqual([9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f])
      for (const text of ['a'.repeat(63), 'abc', 'ü'.repeat(30), 'b'.repeat(64)]) {
        expect(writtenBehind(filled, (writer) => writer.string(10, text))).toEqual(stringField(text))
      }
      expect(writtenBehind(filled, (writer) => writer.raw(Buffer.from('abc')))).toEqual([97, 98, 99])
    }
  })

  test('a message with a longer length than expected is complete', () => {
    for (const room of left.slice(0, 8)) {
      const content = [...Buffer.alloc(128, 5)]
      const bytes = writtenBehind(BUFFER - room - 130, (writer) => {
        const start = writer.open(18, 1)
        writer.raw(Uint8Array.from(content))
        expect(writer.close(start, 1)).toBe(2)
      })
      expect(bytes).toEqual([18, 128, 1, ...content])
    }
  })

  test('as many bytes as reserved can be written', () => {
    const writer = new ProtobufWriter()
    writer.reserve(3 * BUFFER)
    for (let i = 0; i < 3; i++) writer.raw(Buffer.alloc(BUFFER, i))
    expect(writer.length).toBe(3 * BUFFER)
    const taken = writer.take()
    expect([taken[0], taken[BUFFER], taken[2 * BUFFER], taken.at(-1)]).toEqual([0, 1, 2, 2])
  })
})

test('a message is prefixed by its length, whatever was expected, and is followed by the next one', () => {
  for (const length of [0, 1, 126, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152, 2_097_153]) {
    const content = Buffer.alloc(length, 5)
    if (length > 1) content.set([1, 2], length - 2)
    for (const guessed of [1, 2, 3, 4]) {
      for (const isBare of [false, true]) {
        const writer = new ProtobufWriter()
        const start = isBare ? writer.openBare(guessed) : writer.open(18, guessed)
        writer.raw(content)
        expect(writer.close(start, guessed)).toBe(varint(length).length)
        writer.varint(3)
        const expected = Buffer.concat([Buffer.from(isBare ? [] : [18]), Buffer.from(varint(length)), content, Buffer.from([3])])
        expect(expected.equals(writer.take())).toBe(true)
      }
    }
  }
})

test('bytes after a rewind are discarded', () => {
  const bytes = written((writer) => {
    writer.varint(1)
    const { length } = writer
    writer.string(10, 'not this')
    writer.rewind(length)
    writer.varint(2)
  })
  expect(bytes).toEqual([1, 2])
})

/** 8 bytes by definition. */
function eight(value: bigint): number[] {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return [...bytes]
}

test("64-bit numbers are little-endian two's complement", () => {
  for (const value of [...NUMBERS, ...NUMBERS.map((number) => -number)]) {
    expect(written((writer) => writer.fixed64(9, value))).toEqual([9, ...eight(BigInt(value))])
    expect(written((writer) => writer.bareFixed64(value))).toEqual(eight(BigInt(value)))
  }
  expect(written((writer) => writer.words(9, 2, 0x7ff0_0000))).toEqual([9, ...eight(0x7ff0_0000_0000_0002n)])
  expect(written((writer) => writer.fixed32(13, 0x301))).toEqual([13, 1, 3, 0, 0])
})

test('signed numbers are varints, negative ones of ten bytes', () => {
  for (const value of [0, 1, 300, 2 ** 53]) expect(written((writer) => writer.int(8, value))).toEqual([8, ...varint(value)])
  for (const value of [-1, -300, -(2 ** 53)]) {
    const bytes = written((writer) => writer.int(8, value))
    expect(bytes).toHaveLength(11)
    expect(bytes.slice(1).reduce((sum, byte, at) => sum | (BigInt(byte & 127) << BigInt(7 * at)), 0n)).toBe(
      BigInt.asUintN(70, BigInt.asUintN(64, BigInt(value))),
    )
  }
})

test('times in nanoseconds are exact for any milliseconds', () => {
  let seed = 1
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  for (let i = 0; i < 20_000; i++) {
    const whole = Math.floor(random() * 4e12)
    const unixMs = whole + (i % 3 === 0 ? 0 : Math.floor(random() * 1_024) / 1_024)
    const plusNs = i % 2 === 0 ? 0 : Math.floor(random() * 1e12)
    const floor = Math.floor(unixMs)
    const expected = BigInt(floor) * 1_000_000n + BigInt(Math.round((unixMs - floor) * 1e6)) + BigInt(plusNs)
    expect(written((writer) => writer.unixNanos(9, unixMs, plusNs))).toEqual([9, ...eight(expected)])
  }
})

test('bytes are written from hexadecimal digits of either case', () => {
  expect(written((writer) => writer.hex(10, '0123456789abcdefABCDEF00'))).toEqual([
    10,
    12,
    ...Buffer.from('0123456789abcdefabcdef00', 'hex'),
  ])
})
