import { expect, test } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/encoder.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/text-encoder.js'
import { MetricRegistry } from '../../src/metrics/metric-registry.js'
import { count, distribution, lastValue, sum } from '../../src/stats/aggregation.js'
import type { Measure } from '../../src/stats/measure.js'
import { Stats } from '../../src/stats/stats.js'
import { readProtobuf } from '../exporters/prometheus/read-protobuf.js'
import { readOpenMetrics } from '../exporters/prometheus/strict-openmetrics-reader.js'
import { readText } from '../exporters/prometheus/text-reader.js'
import { randomNumbers } from '../exporters/random.js'
import { amount, seed } from './amount.js'

const ENCODERS: [Encoder, (document: Buffer) => unknown][] = [
  [textEncoder, (document) => readText(String(document))],
  [openMetricsEncoder(), (document) => readOpenMetrics(String(document))],
  [protobufEncoder, readProtobuf],
]

test('a view that is unregistered while the first document is written leaves it, and the others keep their own rows', async () => {
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

test('views that come and go, records and removals during a document leave it valid in every format', { timeout: 600_000 }, async () => {
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
    // A row that is removed and comes back while a document is written may stand in it twice: those stay away.
    const gone = new Set<string>()
    const record = () => {
      const [a, b, level] = [`value ${pick(3_000)}`, pick(2), pick(3_000)]
      if (!gone.has(a) && !gone.has(`b ${b}`)) stats.record(measure, pick(4), { a, b })
      if (!gone.has(`level ${level}`)) gauge.set(pick(9), { a: level })
    }
    const remove = (name: string, tags: { a?: string; b?: number }) => {
      stats.viewManager.removeRows(name, tags)
      gone.add(tags.a ?? `b ${tags.b}`)
    }
    for (let n = 0; n < 6_000; n++) record()
    const disturb = () => {
      const way = pick(10)
      if (way === 0) stats.viewManager.unregisterView(`v${pick(6)}`)
      if (way === 1) register(pick(6))
      if (way === 2 && pick(5) === 0) remove(`v${pick(6)}`, { b: 1 })
      if (way === 3) remove(`v${pick(6)}`, { a: `value ${pick(3_000)}` })
      if (way === 4) {
        const level = pick(3_000)
        gauge.remove({ a: level })
        gone.add(`level ${level}`)
      }
      if (way === 5) registry.unregister(`extra${pick(3)}`)
      if (way === 6) registry.gauge(`extra${pick(3)}`).set(1)
      for (let n = 0; n < 300; n++) record()
    }
    const [encoder, read] = ENCODERS[round % 3]!
    const chunks: Uint8Array[] = []
    const families = [...stats.getFamilies(), ...(registry.getFamilies() as ReturnType<Stats['getFamilies']>)]
    for await (const chunk of encoder.encode(families)) {
      chunks.push(chunk)
      for (let n = 0; n < 5; n++) disturb()
    }
    try {
      read(Buffer.concat(chunks))
    } catch (error) {
      throw new Error(`round ${round}, ${encoder.format}: ${(error as Error).message}`, { cause: error })
    }
  }
})
