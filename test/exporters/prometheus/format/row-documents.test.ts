import { expect, test } from 'vitest'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { formatOpenMetrics } from '../../../../src/exporters/prometheus/format/openmetrics-text.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import type { Family, RowSource } from '../../../../src/metrics/data/row-source.js'
import { count, distribution, exponential, lastValue, percentiles, sum } from '../../../../src/stats/views/aggregation.js'
import { Stats } from '../../../../src/stats/stats.js'
import { bytesOf } from './metric-samples.js'
import { randomFrom } from './random-registry.js'
import { readProtobuf } from './read-protobuf.js'
import { readOpenMetrics } from './strict-openmetrics-reader.js'

const clock = { unixMs: () => 1_700_000_000_123, monotonicMs: () => 0 }

function engine(rowsPerView = 2_000) {
  const stats = new Stats({ clock, limits: { rowsPerView } })
  const measure = stats.measure('m', { unit: 's', tagKeys: ['a', 'b'] })
  const signed = stats.measure('signed', { signed: true, tagKeys: ['a', 'b'] })
  const tagKeys = ['a', 'b'] as const
  stats.viewManager.registerView({ name: 'counts', measure, tagKeys, aggregation: count(), description: 'How many' })
  stats.viewManager.registerView({ name: 'sums', measure, tagKeys: ['b'], aggregation: sum() })
  stats.viewManager.registerView({ name: 'lasts', measure, tagKeys: [], aggregation: lastValue() })
  stats.viewManager.registerView({ name: 'times', measure, tagKeys, aggregation: distribution([0, 0.5, 1, 1e6]) })
  stats.viewManager.registerView({ name: 'differences', measure: signed, tagKeys, aggregation: distribution([-1, 0, 1]) })
  stats.viewManager.registerView({ name: 'balance', measure: signed, tagKeys, aggregation: sum() })
  stats.viewManager.registerView({ name: 'native', measure: signed, tagKeys, aggregation: exponential({ maxBuckets: 10, bounds: [0, 1] }) })
  stats.viewManager.registerView({ name: 'quantiles', measure, tagKeys: ['b'], aggregation: percentiles({ quantiles: [0, 0.5, 1] }) })
  return { stats, measure, signed }
}

const written = async (encoder: Encoder, families: readonly Family[]) => bytesOf(encoder.encode(families))

/** Rows, their snapshots read as rows, and the plain formatters give the same document in every format. */
async function check(stats: Stats): Promise<void> {
  const metrics = stats.getMetrics()
  expect(String(await written(textEncoder, stats.getFamilies()))).toBe(formatText(metrics))
  expect(String(await written(textEncoder, metrics))).toBe(formatText(metrics))
  for (const created of [false, true]) {
    const text = String(await written(openMetricsEncoder({ created }), stats.getFamilies()))
    expect(text).toBe(formatOpenMetrics(metrics, { created }))
    expect(String(await written(openMetricsEncoder({ created }), metrics))).toBe(text)
    readOpenMetrics(text)
  }
  const bytes = await written(protobufEncoder, stats.getFamilies())
  expect(bytes.equals(await written(protobufEncoder, metrics))).toBe(true)
  readProtobuf(bytes)
}

test('rows, their snapshots and the plain formatters produce equal documents, whatever happens to rows between scrapes', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = randomFrom(seed)
    const { stats, measure, signed } = engine(seed % 2 === 0 ? 2_000 : 20)
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 100; i++) {
        const tags = { a: `a"${Math.floor(random() * 10)}`, b: ['', 'x\ny', 'ü'][Math.floor(random() * 3)]! }
        const attachments = random() < 0.2 ? { trace_id: `t${i}` } : undefined
        stats.record(measure, random() * 2, tags, attachments)
        stats.record(signed, random() * 4 - 2, tags, attachments)
      }
      if (random() < 0.5) stats.viewManager.removeRows('times', { a: 'a"3' })
      await check(stats)
    }
  }
})

test('two scrapes without a record between them have equal bytes in every format', async () => {
  const { stats, measure } = engine()
  for (let i = 0; i < 2_000; i++) stats.record(measure, i, { a: `a${i}`, b: 'b' }, i % 7 === 0 ? { trace_id: 'x' } : undefined)
  for (const encoder of [textEncoder, openMetricsEncoder(), openMetricsEncoder({ created: true }), protobufEncoder]) {
    const first = await written(encoder, stats.getFamilies())
    expect(first.equals(await written(encoder, stats.getFamilies()))).toBe(true)
  }
})

test('a family too large for one buffer is written completely', async () => {
  const { stats, measure } = engine(20_000)
  for (let i = 0; i < 3_000; i++) stats.record(measure, i, { a: `${i}`.repeat(20), b: 'b' })
  const bytes = await written(protobufEncoder, stats.getFamilies())
  expect(readProtobuf(bytes).get('times_seconds')?.metric).toHaveLength(3_000)
  await check(stats)
})

test('an encoder stops if it is aborted', async () => {
  const { stats, measure } = engine(100_000)
  for (let i = 0; i < 50_000; i++) stats.record(measure, i, { a: `${i}`, b: 'b' })
  for (const encoder of [textEncoder, openMetricsEncoder(), protobufEncoder]) {
    const stop = new AbortController()
    const chunks = encoder.encode(stats.getFamilies(), stop.signal)[Symbol.asyncIterator]()
    await chunks.next()
    stop.abort(new Error('enough'))
    await expect(
      (async () => {
        while ((await chunks.next()).done !== true);
      })(),
      encoder.format,
    ).rejects.toThrow('enough')
  }
})

test('text cached by an older document with missing rows is correct in later documents', async () => {
  for (const encoder of [textEncoder, openMetricsEncoder(), openMetricsEncoder({ created: true }), protobufEncoder]) {
    for (const aggregation of [sum(), lastValue(), distribution([1])]) {
      const stats = new Stats({ clock })
      const measure = stats.measure('m', { tagKeys: ['a'] })
      stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation })
      const record = (a: string) => stats.record(measure, 1, { a })
      for (const a of ['one', 'two', 'three']) record(a)
      const [source] = stats.getFamilies() as [RowSource]
      /** The labels that stand in a document that was begun in this generation. */
      const labels = async (generation: number): Promise<string> => {
        const bytes = await written(encoder, [aged(source, generation)])
        return [...new Set(String(bytes).match(/one|two|three|four/g))].join(' ')
      }
      const old = source.generation
      expect(await labels(old)).toBe('one two three')
      stats.viewManager.removeRows('v', { a: 'one' })
      record('four') // in its place
      record('one') // behind
      const now = source.generation
      const all = 'four two three one'
      const documents = [now, old, old, now, now, old, now]
      for (const generation of documents) expect(await labels(generation)).toBe(generation === now ? all : 'two three')
      record('one')
      for (const generation of documents) expect(await labels(generation)).toBe(generation === now ? all : 'two three')
      await check(stats)
    }
  }
})

const agedSources = new WeakMap<RowSource, RowSource & { generation: number }>()

/** The source as a document sees it that was begun in this generation; the same object each time, since kept text goes by it. */
function aged(source: RowSource, generation: number): RowSource {
  const known = agedSources.get(source) ?? {
    generation,
    descriptor: source.descriptor,
    kind: source.kind,
    bounds: source.bounds,
    get epoch() {
      return source.epoch
    },
    get chunks() {
      return source.chunks
    },
  }
  agedSources.set(source, known)
  known.generation = generation
  return known
}
