import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../../src/base/clock.js'
import { TimeSlicer } from '../../../../src/base/time-slicer.js'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { formatOpenMetrics } from '../../../../src/exporters/prometheus/format/openmetrics-text.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import type { Exemplar, ExponentialValue, Metric, MetricDescriptor } from '../../../../src/metrics/data/metric.js'
import type { Family, RowChunk, RowSource } from '../../../../src/metrics/data/row-source.js'
import { bytesOf, distribution, manyGauges, metric, type Series } from './metric-samples.js'
import { readProtobuf } from './read-protobuf.js'

const CHUNK = 131_072
const ENCODERS: [name: string, encoder: Encoder][] = [
  ['text', textEncoder],
  ['openmetrics', openMetricsEncoder()],
  ['protobuf', protobufEncoder],
]

/** A row of a producer that is none of this package's engines. */
interface Row {
  readonly label?: string
  readonly value: number
  readonly buckets?: readonly number[]
  /** By bucket. */
  readonly exemplars?: readonly (Exemplar | undefined)[]
  readonly exponential?: ExponentialValue
  /** The row was taken out; its place is kept. */
  readonly gone?: boolean
}

interface Rows extends RowSource {
  /** Rows whose label was read. */
  readonly read: () => number
  /** Takes other values for the rows, as of a new epoch. */
  set(rows: readonly (readonly Row[])[]): void
}

/** Rows chunk by chunk, with one label `a`; those of a state set are given as `house of state`. */
function rowsOf(type: MetricDescriptor['type'], given: readonly (readonly Row[])[], bounds: readonly number[] = []): Rows {
  let read = 0
  let epoch = 1
  let chunks = given
  const chunkOf = (at: number): RowChunk => ({
    get size() {
      return chunks[at]!.length
    },
    version: 1,
    newestGeneration: 0,
    createdIn: () => 0,
    isLive: (cell) => chunks[at]![cell]?.gone !== true, // beyond the rows too, as where this is an array of numbers
    isOverflow: () => false,
    labelValue: (cell, key) => (read++, chunks[at]![cell]?.label?.split(' of ')[key]),
    lastEpoch: () => epoch,
    startTimeUnixMs: () => 1_000,
    value: (cell) => chunks[at]![cell]?.value ?? Number.NaN,
    count: (cell) => (chunks[at]![cell]?.buckets ?? []).reduce((sum, count) => sum + count, 0),
    sumOfSquaredDeviation: () => 0,
    bucket: (cell, bucket) => chunks[at]![cell]?.buckets?.[bucket] ?? 0,
    exemplar: (cell, bucket) => chunks[at]![cell]?.exemplars?.[bucket],
    exponential: (cell) => chunks[at]![cell]?.exponential,
  })
  return {
    descriptor: { name: 'rows', description: '', unit: '1', type, labelKeys: type === 'STATE_SET' ? ['house', 'rows'] : ['a'] },
    kind: type === 'CUMULATIVE_DISTRIBUTION' ? 'distribution' : 'scalar',
    bounds,
    get epoch() {
      return epoch
    },
    generation: 0,
    chunks: given.map((_, at) => chunkOf(at)),
    read: () => read,
    set: (rows) => {
      epoch++
      chunks = rows
    },
  }
}

const rows = (count: number, label = 'x'): Row[] => Array.from({ length: count }, (_, n) => ({ label: `${label}${n}`, value: n }))
const textOf = async (encoder: Encoder, ...families: Family[]) => String(await bytesOf(encoder.encode(families)))
const exemplar = (value: number): Exemplar => ({ value, timeUnixMs: 2_000, attachments: { id: `of ${value}` } })

test('an encoder has a short name', () => {
  expect(ENCODERS.map(([, { format }]) => format)).toEqual(['text', 'openmetrics', 'protobuf'])
})

describe.each(ENCODERS)('%s', (name, encoder) => {
  afterEach(() => vi.restoreAllMocks())

  test('writes nothing for a family without rows and no empty chunk', async () => {
    const hole = { value: 1, gone: true }
    for (const families of [[], [rowsOf('GAUGE_DOUBLE', [])], [rowsOf('GAUGE_DOUBLE', [[hole, hole]])]]) {
      const chunks: Uint8Array[] = []
      for await (const chunk of encoder.encode(families)) chunks.push(chunk)
      expect(chunks.map(String)).toEqual(name === 'openmetrics' ? [String(Buffer.from('# EOF\n'))] : [])
    }
  })

  test('yields after each chunk of rows or every 32 series if each takes its time', async () => {
    const turns = async (family: Family, slow: boolean): Promise<number> => {
      await new Promise(setImmediate) // a slice is shared by the work of a turn
      let nowMs = 0
      const [clock, given] = [vi.spyOn(systemClock, 'monotonicMs'), vi.spyOn(TimeSlicer.prototype, 'nextSlice')]
      clock.mockImplementation(() => (slow ? (nowMs += 10) : nowMs))
      await bytesOf(encoder.encode([family]))
      const { length } = given.mock.calls
      vi.restoreAllMocks()
      return length
    }
    const chunks = rowsOf('GAUGE_DOUBLE', [rows(32, 'a'), rows(32, 'b'), rows(32, 'c')])
    expect([await turns(chunks, true), await turns(chunks, false)]).toEqual([3, 0])
    const parts = rowsOf('GAUGE_DOUBLE', [rows(33, 'a'), rows(1, 'b')])
    expect(await turns(parts, true)).toBe(name === 'protobuf' ? 3 : 2) // whose rows take longer: it looks at each 32
    for (const [series, expected] of [
      [1, 1],
      [32, 1],
      [33, 2],
      [96, 3],
      [97, 4],
    ] as const) {
      expect([series, await turns(manyGauges(series), true)]).toEqual([series, expected])
    }
    expect(await turns(manyGauges(97), false)).toBe(0)
  })
})

describe.each(ENCODERS.slice(0, 2))('%s', (_name, encoder) => {
  test('emits chunks as they fill, before later families are read', async () => {
    const long = 'x'.repeat(300)
    const source = rowsOf('GAUGE_DOUBLE', [rows(512, long), rows(512, long), rows(512, long)])
    for await (const chunk of encoder.encode([source])) {
      expect([chunk.length, source.read() < 1_024]).toEqual([CHUNK, true])
      break
    }
    const read = new Set<object>()
    const series = Array.from({ length: 1_500 }, (_, n): Series => [[`${long}${n}`], n])
    const snapshot = metric({ name: 'g', type: 'GAUGE_DOUBLE', labelKeys: ['a'] }, ...series)
    const counted = snapshot.timeSeries.map((one) => ({
      ...one,
      get points() {
        return (read.add(one), one.points)
      },
    })) // prettier-ignore
    for await (const chunk of encoder.encode([{ ...snapshot, timeSeries: counted }])) {
      expect([chunk.length, read.size < 600]).toEqual([CHUNK, true])
      break
    }
  })

  test('is complete if it ends at, just before or just after the end of a chunk', async () => {
    const documentOf = (length: number) => metric({ name: 'g', type: 'GAUGE_DOUBLE', labelKeys: ['a'] }, [['x'.repeat(length)], 1])
    const format = encoder.format === 'text' ? formatText : formatOpenMetrics
    const frame = format([documentOf(1)]).length - 1
    for (let more = -2; more <= 8; more++) {
      const document = documentOf(CHUNK - frame + more)
      const chunks: Uint8Array[] = []
      for await (const chunk of encoder.encode([document])) chunks.push(chunk)
      expect(String(Buffer.concat(chunks)) === format([document])).toBe(true)
      expect(chunks.map(({ length }) => length)).toEqual(more > 0 ? [CHUNK, more] : [CHUNK + more])
    }
  })

  test('is complete if rows with long bounds cross the ends of chunks', async () => {
    const bounds = Array.from({ length: 40 }, (_, n) => Number(`${n + 1}.2345678901234567e-300`))
    const buckets = Array.from({ length: 41 }, () => 12_345_678)
    const source = rowsOf(
      'CUMULATIVE_DISTRIBUTION',
      [0, 1, 2, 3].map((at) =>
        Array.from({ length: 60 }, (_, n) => ({ label: `${at} ${n} `.padEnd(8 + ((n * 7) % 31), 'x'), value: 0.1, buckets })),
      ),
      bounds,
    )
    const lines = (await textOf(encoder, source)).split('\n').filter((line) => line.startsWith('rows_'))
    const ends = lines.filter((line) => / (12345678|506172798|0\.1|[1-9]\d+)$/.test(line))
    expect([lines.length, ends.length]).toEqual([240 * 43, 240 * 43])
    expect(new Set(lines).size).toBe(lines.length)
  })

  test('reuses cached rows and rewrites changed ones, also if their width changes or rows are missing', async () => {
    const source = rowsOf('GAUGE_DOUBLE', [[]])
    const values: (number | undefined)[][] = [
      [1, undefined, 3, undefined],
      [2, undefined, 4, undefined],
      [20, undefined, 4, undefined],
      [20, undefined, 400, undefined],
      [0.5, undefined, 4, undefined],
    ]
    source.set([values[0]!.map((value, n) => ({ label: `${n}`, value: value ?? 0, gone: value === undefined }))])
    for (const row of values) {
      source.set([row.map((value, n) => ({ label: `${n}`, value: value ?? 7, gone: value === undefined }))])
      const lines = (await textOf(encoder, source)).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      expect(lines).toEqual([`rows{a="0"} ${row[0]}`, `rows{a="2"} ${row[2]}`])
    }
    expect(source.read()).toBe(2)
  })
})

test('OpenMetrics from rows omits negative and NaN counters, and keeps valid exemplars', async () => {
  const odd = rowsOf('CUMULATIVE_DOUBLE', [
    [
      { label: 'a', value: -1 },
      { label: 'b', value: Number.NaN },
      { label: 'c', value: 2 },
    ],
    [{ label: 'd', value: 3, exemplars: [exemplar(1)] }],
    [{ label: 'e', value: 4 }],
  ]) // prettier-ignore
  expect(await textOf(openMetricsEncoder(), odd)).toBe(`# TYPE rows counter
rows_total{a="c"} 2
rows_total{a="d"} 3 # {id="of 1"} 1 2
rows_total{a="e"} 4
# EOF
`)
})

test('OpenMetrics from rows groups the states of one set', async () => {
  const labels = ['a of open', 'b of open', 'a of shut', 'b of shut']
  const source = rowsOf('STATE_SET', [labels.map((label, n) => ({ label, value: n % 2 }))])
  expect((await textOf(openMetricsEncoder(), source)).match(/^rows.*/gm)).toEqual([
    'rows{house="a",rows="open"} 0',
    'rows{house="a",rows="shut"} 0',
    'rows{house="b",rows="open"} 1',
    'rows{house="b",rows="shut"} 1',
  ])
})

test('start times are written only on request', async () => {
  const counter = metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], 1, { startTimeUnixMs: 1_000 }])
  for (const family of [counter, rowsOf('CUMULATIVE_INT64', [[{ label: 'x', value: 1 }]])]) {
    expect(await textOf(openMetricsEncoder(), family)).not.toContain('_created')
    expect(await textOf(openMetricsEncoder({}), family)).not.toContain('_created')
    expect(await textOf(openMetricsEncoder({ created: true }), family)).toMatch(/_created.* 1\n/)
  }
})

test('a family without writable samples has no header', async () => {
  const families = [
    metric({ name: 'c', type: 'CUMULATIVE_INT64' }, [[], -1]),
    metric({ name: 'd', type: 'SUMMARY' }, [[], 1]),
    metric({ name: 'e', type: 'GAUGE_INT64' }, [[], 1]),
  ]
  expect(await textOf(openMetricsEncoder(), ...families)).toBe('# TYPE e gauge\ne 1\n# EOF\n')
  expect(await textOf(textEncoder, ...families.slice(1))).toBe('# TYPE e gauge\ne 1\n')
})

describe('protobuf', () => {
  const none = { indexes: [], counts: [] }
  const read = async (...families: Family[]) => readProtobuf(await bytesOf(protobufEncoder.encode(families)))

  test('of a small document is exact, byte for byte', async () => {
    const bytes = await bytesOf(
      protobufEncoder.encode([metric({ name: 'c', type: 'CUMULATIVE_INT64', labelKeys: ['a', 'b'] }, [['', 'x'], 2])]),
    )
    const double = Buffer.alloc(8)
    double.writeDoubleLE(2)
    expect(bytes).toEqual(
      Buffer.from([
        32,
        10,
        7,
        ...Buffer.from('c_total'),
        24,
        0, // name, type
        34,
        19,
        10,
        6,
        10,
        1,
        98,
        18,
        1,
        120, // a metric with the label b="x"
        26,
        9,
        9,
        ...double,
      ]),
    ) // prettier-ignore
  })

  test('of several families is the concatenation of each, large ones included', async () => {
    const large = (name: string, characters: number): Metric => {
      const series = Array.from({ length: 100 }, (_, n): Series => [[`${n} `.padEnd(characters / 100, 'x')], n])
      return metric({ name, type: 'GAUGE_INT64', labelKeys: ['a'] }, ...series)
    }
    const small = (name: string) => metric({ name, type: 'GAUGE_INT64' }, [[], 1])
    const families = [small('a'), large('b', 200_000), large('c', 300_000), small('d'), large('e', 70_000), small('f'), large('g', 1_000)]
    const alone = await Promise.all(families.map((family) => bytesOf(protobufEncoder.encode([family]))))
    expect((await bytesOf(protobufEncoder.encode(families))).equals(Buffer.concat(alone))).toBe(true)
    expect((await read(...families)).get('c')!.metric).toHaveLength(100)
  })

  test('of rows has the types, exemplars and start times of their snapshots', async () => {
    const counter = rowsOf('CUMULATIVE_INT64', [[{ label: 'x', value: 3, exemplars: [exemplar(1)] }]])
    expect((await read(counter)).get('rows_total')!.metric[0]!.counter).toMatchObject({
      value: 3,
      exemplar: { value: 1 },
      createdTimestamp: { seconds: 1 },
    })
    expect((await read(rowsOf('GAUGE_INT64', [[{ value: 3 }]]))).get('rows')!.metric).toEqual([{ label: [], gauge: { value: 3 } }])
  })

  test('of rows omits an exemplar outside of its bucket', async () => {
    const exemplars = [exemplar(0.5), exemplar(1.5), exemplar(2.5), exemplar(9)]
    const kept = async (given: readonly (Exemplar | undefined)[]) => {
      const source = rowsOf('CUMULATIVE_DISTRIBUTION', [[{ value: 9, buckets: [1, 1, 1, 1], exemplars: given }]], [1, 2, 3])
      return (await read(source)).get('rows')!.metric[0]!.histogram!.bucket.map((bucket) => bucket.exemplar?.value)
    }
    expect(await kept(exemplars)).toEqual([0.5, 1.5, 2.5, 9])
    expect(await kept([undefined, ...exemplars])).toEqual([undefined, undefined, undefined, undefined])
    expect(await kept(exemplars.slice(1))).toEqual([undefined, undefined, undefined, undefined])
  })

  test('of rows with exponential buckets includes them and all exemplars', async () => {
    const exponential = { schema: 3, zeroThreshold: 0.001, zeroCount: 1, positive: { indexes: [4], counts: [2] }, negative: none }
    const exemplars = Object.assign([exemplar(0.5), undefined, exemplar(7)], { [-1]: exemplar(99) })
    const source = rowsOf('CUMULATIVE_DISTRIBUTION', [[{ value: 9, buckets: [1, 1, 1], exemplars, exponential }]], [1, 2])
    const { histogram } = (await read(source)).get('rows')!.metric[0]!
    expect(histogram).toMatchObject({
      schema: 3,
      zeroThreshold: 0.001,
      zeroCount: 1,
      positiveSpan: [{ offset: 4, length: 1 }],
      positiveDelta: [2],
    })
    expect(histogram!.exemplars.map(({ value }) => value)).toEqual([0.5, 7])
    const plain = await read(rowsOf('CUMULATIVE_DISTRIBUTION', [[{ value: 9, buckets: [1, 1], exemplars }]], [1]))
    expect(plain.get('rows')!.metric[0]!.histogram!.exemplars).toEqual([])
  })

  test('has no field for a side without exponential buckets, and one for a side with a single bucket', async () => {
    const one = { indexes: [3], counts: [5] }
    const native = (exponential: Partial<ExponentialValue>) =>
      metric({ name: 'h', type: 'CUMULATIVE_DISTRIBUTION' }, [
        [],
        distribution([1], [10, 0], 5, {
          exponential: { schema: 0, zeroThreshold: 0, zeroCount: 0, positive: none, negative: none, ...exponential },
        }),
      ])
    const fieldOf = async (exponential: Partial<ExponentialValue>) => {
      const bytes = await bytesOf(protobufEncoder.encode([native(exponential)]))
      const { positiveSpan, negativeSpan, positiveDelta, negativeDelta } = readProtobuf(bytes).get('h')!.metric[0]!.histogram!
      const empty = [10, 13].map((field) => bytes.includes(Buffer.from([field * 8 + 2, 0])))
      return { empty, positiveSpan, negativeSpan, positiveDelta, negativeDelta }
    }
    const span = [{ offset: 3, length: 1 }]
    const bare = { empty: [false, false], positiveSpan: [], negativeSpan: [], positiveDelta: [], negativeDelta: [] }
    expect(await fieldOf({ positive: one })).toEqual({ ...bare, positiveSpan: span, positiveDelta: [5] })
    expect(await fieldOf({ negative: one })).toEqual({ ...bare, negativeSpan: span, negativeDelta: [5] })
    expect(await fieldOf({ positive: one, negative: one })).toEqual({
      ...bare,
      positiveSpan: span,
      positiveDelta: [5],
      negativeSpan: span,
      negativeDelta: [5],
    })
  })
})
