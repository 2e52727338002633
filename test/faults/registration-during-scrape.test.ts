import { expect, test } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import type { Family } from '../../src/metrics/data/row-source.js'
import { type Aggregation, count, distribution, lastValue, sum } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { Stats } from '../../src/stats/stats.js'
import { type ProtobufMetric, readProtobuf } from '../exporters/prometheus/format/read-protobuf.js'
import { readOpenMetrics } from '../exporters/prometheus/format/strict-openmetrics-reader.js'
import { type ReadSample, readText } from '../exporters/prometheus/format/text-reader.js'
import { randomNumbers } from '../exporters/random.js'
import { amount, seed } from './amount.js'

const ENCODERS: [Encoder, (document: Buffer) => unknown][] = [
  [textEncoder, (document) => readText(String(document))],
  [openMetricsEncoder(), (document) => readOpenMetrics(String(document))],
  [protobufEncoder, readProtobuf],
]

test('a view that is unregistered while the first document is written is left out, and the others keep their own rows', async () => {
  for (const [encoder, read] of ENCODERS) {
    const stats = new Stats({ limits: { rowsPerView: 5_000 } })
    const measure = stats.measure('m') as Measure
    for (const [name, aggregation] of Object.entries({ a1: sum(), b2: sum(), c3: count(), d4: distribution([1]) })) {
      stats.viewManager.registerView({ name, measure, tagKeys: ['a'], aggregation })
    }
    for (let n = 0; n < 5_000; n++) stats.record(measure, 100, { a: `value ${n} ${'x'.repeat(60)}` })
    const chunks: Uint8Array[] = []
    for await (const chunk of encoder.encode(stats.getFamilies())) {
      if (chunks.push(chunk) === 1) for (const name of ['b2', 'd4']) stats.viewManager.unregisterView(name)
    }
    const families = read(Buffer.concat(chunks)) as ReadonlyMap<
      string,
      { samples?: { value: number }[]; metric?: { counter: { value: number } }[] }
    >
    const seen = [...families].map(([name, { samples, metric }]) => {
      const values = samples?.map(({ value }) => value) ?? metric!.map(({ counter }) => counter.value)
      return [name.replace('_total', ''), values.length, ...new Set(values)]
    })
    expect([encoder.format, seen]).toEqual([
      encoder.format,
      [
        ['a1', 5_000, 100],
        ['c3', 5_000, 1],
      ],
    ])
  }
})

test('a view that shares rows is complete in a document that was begun before one of its rows was removed', async () => {
  const views: Record<string, [Aggregation, restarted: number]> = {
    own: [sum(), 0],
    all: [distribution([1]), 0],
    backed: [count(), 1],
    last: [lastValue(), 0],
  }
  for (const [encoder, read] of ENCODERS) {
    const stats = new Stats({ limits: { rowsPerView: 5_000 } })
    const measure = stats.measure('m') as Measure
    for (const [name, [aggregation]] of Object.entries(views)) {
      stats.viewManager.registerView({ name, measure, tagKeys: ['a'], aggregation })
    }
    const labels = (n: number) => ({ a: `${n} ${'x'.repeat(120)}` })
    const record = (value: number) => {
      for (let n = 0; n < 3_000; n++) stats.record(measure, value, labels(n))
    }
    const gather = (name: string) => stats.getFamilies().filter(({ descriptor }) => descriptor.name === name)
    const write = async (families: readonly Family[]) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of encoder.encode(families)) chunks.push(chunk)
      return valuesByNumber(read(Buffer.concat(chunks)) as Readings)
    }
    record(1)
    for (const [name, [, restarted]] of Object.entries(views)) {
      const begun = gather(name)
      stats.viewManager.removeRows(name, labels(0))
      record(0)
      const written = await write(begun)
      expect([encoder.format, name, written.size, [...written.values()].flat().length]).toEqual([encoder.format, name, 3_000, 3_000])
      expect([name, (await write(gather(name))).get(0)]).toEqual([name, [restarted]])
    }
  }
})

test('views registered and removed, records and removals during a document leave it valid in every format', {
  timeout: 600_000,
}, async () => {
  const random = randomNumbers(seed())
  const pick = (below: number) => Math.floor(random() * below)
  for (let round = 0; round < amount(6, 100); round++) {
    const stats = new Stats({ limits: { rowsPerView: 5_000 } })
    const registry = new MetricRegistry({ limits: { rowsPerView: 5_000 } })
    const measure = stats.measure('m') as Measure
    const gauge = registry.gauge('level', { labelKeys: ['a'] })
    const kinds = [count(), sum(), lastValue(), distribution([1, 2])]
    const register = (at: number) =>
      stats.viewManager.registerView({ name: `v${at}`, measure, tagKeys: ['a', 'b'], aggregation: kinds[at % 4]! })
    for (let at = 0; at < 4; at++) register(at)
    const record = () => {
      stats.record(measure, pick(4), { a: `value ${pick(3_000)}`, b: pick(2) })
      gauge.set(pick(9), { a: `level ${pick(3_000)}` })
    }
    for (let n = 0; n < 6_000; n++) record()
    const disturb = () => {
      const way = pick(10)
      if (way === 0) stats.viewManager.unregisterView(`v${pick(6)}`)
      if (way === 1) register(pick(6))
      if (way === 2 && pick(5) === 0) stats.viewManager.removeRows(`v${pick(6)}`, { b: 1 })
      if (way === 3) stats.viewManager.removeRows(`v${pick(6)}`, { a: `value ${pick(3_000)}` })
      if (way === 4) gauge.remove({ a: `level ${pick(3_000)}` })
      if (way === 5) registry.unregister(`extra${pick(3)}`)
      if (way === 6) registry.gauge(`extra${pick(3)}`).set(1)
      for (let n = 0; n < 300; n++) record()
    }
    const [encoder, read] = ENCODERS[round % 3]!
    const scrape = async (chunksBefore: number) => {
      const families = [...stats.getFamilies(), ...(registry.getFamilies() as ReturnType<Stats['getFamilies']>)]
      const chunks: Uint8Array[] = []
      for await (const chunk of encoder.encode(families)) {
        chunks.push(chunk)
        for (let n = 0; n < 5; n++) disturb()
        if (chunks.length === chunksBefore) others.push(scrape(0)) // over the same kept text
      }
      try {
        read(Buffer.concat(chunks))
      } catch (error) {
        throw new Error(`round ${round}, ${encoder.format}: ${(error as Error).message}`, { cause: error })
      }
    }
    const others: Promise<void>[] = []
    await scrape(1)
    await Promise.all(others)
  }
})

type Readings = ReadonlyMap<string, { samples?: ReadSample[]; metric?: ProtobufMetric[] }>

/** The values (sums, of distributions) of all series of a document's one family, by the number in their label. */
function valuesByNumber(families: Readings): Map<number, number[]> {
  const [{ samples, metric } = {}] = families.values()
  const series =
    metric?.map(({ label, counter, gauge, histogram }) => [label[0]!.value, (counter ?? gauge)?.value ?? histogram!.sampleSum] as const) ??
    samples!.filter(({ name }) => !/_(bucket|count)$/.test(name)).map(({ labels, value }) => [labels.get('a')!, value] as const)
  const values = new Map<number, number[]>()
  for (const [label, value] of series) {
    const number = Number(label.split(' ')[0])
    values.set(number, [...(values.get(number) ?? []), value])
  }
  return values
}

function setUpFamily(kind: 'counter' | 'histogram' | 'gauge') {
  const labels = (n: number) => ({ a: `${n} ${'x'.repeat(120)}` })
  if (kind === 'gauge') {
    const registry = new MetricRegistry({ limits: { rowsPerView: 5_000 } })
    const gauge = registry.gauge('v', { labelKeys: ['a'] })
    return {
      families: () => registry.getFamilies() as readonly Family[],
      put: (n: number, value: number) => gauge.set(value, labels(n)),
      remove: (n: number) => void gauge.remove(labels(n)),
    }
  }
  const stats = new Stats({ limits: { rowsPerView: 5_000 } })
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: kind === 'counter' ? sum() : distribution([1]) })
  return {
    families: () => stats.getFamilies(),
    put: (n: number, value: number) => stats.record(measure, value, labels(n)),
    remove: (n: number) => void stats.viewManager.removeRows('v', labels(n)),
  }
}

test.each(['counter', 'histogram', 'gauge'] as const)(
  'a row of a %s that is removed and created again while documents are written is once in each, and current in the next',
  async (kind) => {
    for (const [encoder, read] of ENCODERS) {
      const { families, put, remove } = setUpFamily(kind)
      for (let n = 0; n < 5_000; n++) put(n, 1)
      const begin = async () => {
        const document = encoder.encode(families())[Symbol.asyncIterator]()
        const chunks: Uint8Array[] = []
        const go = async () => {
          const next = await document.next()
          if (next.done !== true) chunks.push(next.value)
          return next.done !== true
        }
        expect(await go()).toBe(true)
        return { go, values: () => valuesByNumber(read(Buffer.concat(chunks)) as Readings) }
      }
      const moveBehind = (n: number, last: number) => {
        for (const gone of [n, last]) remove(gone)
        put(n, 2) // in the place of `last`, which is yet to be written
      }
      const first = await begin()
      moveBehind(0, 4_990)
      const second = await begin()
      moveBehind(1, 4_991)
      for (let both = [true]; both.some(Boolean); ) both = [await second.go(), await first.go()] // over the same kept text
      const third = await begin()
      while (await third.go());
      const shown = [first, second, third].map(({ values }) => {
        const all = values()
        return [all.size, [...all.values()].flat().length, ...[0, 1, 2, 4_990, 4_991].map((n) => all.get(n)?.join())]
      })
      expect([encoder.format, ...shown]).toEqual([
        encoder.format,
        [4_998, 4_998, '1', '1', '1', undefined, undefined],
        [4_998, 4_998, '2', '1', '1', undefined, undefined],
        [4_998, 4_998, '2', '2', '1', undefined, undefined],
      ])
    }
  },
)
