import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { FRAME, FrameWriter } from '../../../src/cluster/frames/frame-writer.js'
import { type LabelColumn, LabelReader, LabelWriter } from '../../../src/cluster/frames/label-strings.js'
import { PayloadReader } from '../../../src/cluster/frames/payload-reader.js'

type Value = string | undefined

function written(labels: LabelWriter, values: readonly Value[]): Uint8Array {
  const writer = new FrameWriter().begin(FRAME.ROWS).varint(values.length)
  labels.write(writer, { ids: Int32Array.from(values.keys()), strings: values })
  return writer.end()
}

/** The same with one list of strings for all frames, as those of a store. */
class StoredValues {
  readonly #strings: Value[] = []
  readonly #ids = new Map<Value, number>()

  written(labels: LabelWriter, values: readonly Value[]): Uint8Array {
    const ids = Int32Array.from(values, (value) => this.#idOf(value))
    const writer = new FrameWriter().begin(FRAME.ROWS).varint(values.length)
    labels.write(writer, { ids, strings: this.#strings })
    return writer.end()
  }

  #idOf(value: Value): number {
    const id = this.#ids.get(value) ?? this.#strings.push(value) - 1
    this.#ids.set(value, id)
    return id
  }
}

function readAll(labels: LabelReader, frame: Uint8Array): Value[] {
  const reader = new PayloadReader(frame)
  const [column] = labels.read(reader, 1, reader.varint())
  reader.end()
  return valuesOf(labels, column!)
}

function valuesOf(labels: LabelReader, { texts, numbers }: LabelColumn): Value[] {
  return texts ?? numbers.map((number) => labels.text(number))
}

function damagedBy(codes: number[]): unknown {
  const frame = new FrameWriter().begin(FRAME.ROWS).varint(codes.length).varints(Int32Array.from(codes)).end()
  return expect(() => readAll(new LabelReader(), frame)).toThrow(expect.objectContaining({ code: 'ERR_GROUP_FRAME' }))
}

test('values of any frames are read as they were written, also if a frame is read twice', () => {
  const value = fc.option(fc.oneof(fc.constantFrom('GET', 'POST', ''), fc.string(), fc.string({ minLength: 60, maxLength: 70 })), {
    nil: undefined,
  })
  fc.assert(
    fc.property(fc.array(fc.array(value)), (frames) => {
      const [writer, reader] = [new LabelWriter(), new LabelReader()]
      for (const values of frames) {
        const frame = written(writer, values)
        expect(readAll(reader, frame)).toEqual(values)
        expect(readAll(reader, frame)).toEqual(values)
      }
    }),
  )
})

test('values by their ids are written like values without ids, also after strings were forgotten', () => {
  const short = fc.oneof(fc.nat(9_000).map(String), fc.constantFrom('GET', '', 'long'.padEnd(70, '-')))
  const frame = fc.array(fc.option(short, { nil: undefined }))
  const many = Array.from({ length: 4_090 }, (_, at) => `user-${at}`)
  const steps = fc.array(fc.oneof(frame, fc.constantFrom('forget' as const, many)), { maxLength: 12 })
  fc.assert(
    fc.property(steps, (all) => {
      const [byText, byId, stored] = [new LabelWriter(), new LabelWriter(), new StoredValues()]
      for (const values of all) {
        if (values === 'forget') for (const writer of [byText, byId]) writer.forget()
        else expect(Buffer.compare(stored.written(byId, values), written(byText, values))).toBe(0)
      }
    }),
    { numRuns: 30 },
  )
})

test('a string is sent once, and later as its number', () => {
  const writer = new LabelWriter()
  expect(written(writer, ['/orders', '/orders']).length).toBeLessThan(written(new LabelWriter(), ['/orders']).length + 2)
  expect(written(writer, ['/orders']).length).toBe(7)
})

test('strings beyond the limit of kept strings are read as they were written', () => {
  const [writer, reader] = [new LabelWriter(), new LabelReader()]
  const values = Array.from({ length: 10_000 }, (_, at) => `user-${at}`)
  expect(readAll(reader, written(writer, values))).toEqual(values)
  expect(readAll(reader, written(writer, values.toReversed()))).toEqual(values.toReversed())
})

test('a string of more than 64 characters is sent each time', () => {
  const writer = new LabelWriter()
  const long = 'x'.repeat(65)
  const frames = [1, 2].map(() => written(writer, [long]))
  expect(frames[1]).toEqual(frames[0])
})

test('strings that both sides have forgotten are sent again', () => {
  const [writer, reader] = [new LabelWriter(), new LabelReader()]
  const first = written(writer, ['a'])
  readAll(reader, first)
  writer.forget()
  reader.forget()
  const again = written(writer, ['a'])
  expect(again).toEqual(first)
  expect(readAll(reader, again)).toEqual(['a'])
})

test('a number without a string, or beyond the limit, is invalid', () => {
  damagedBy([4])
  damagedBy([2 * 4_097])
  damagedBy([3]) // without a string
})
