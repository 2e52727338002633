import { expect, test } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { type Aggregation, count, distribution } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import type { Stats } from '../../src/stats/stats.js'
import { readProtobuf } from '../exporters/prometheus/format/read-protobuf.js'
import { readOpenMetrics } from '../exporters/prometheus/format/strict-openmetrics-reader.js'
import { readText } from '../exporters/prometheus/format/text-reader.js'
import { engine } from '../stats/engine.js'
import { amount, figure } from './amount.js'

const SERIES = 100_000

function liveBytes(): number {
  global.gc!()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

/** The bytes of a document that nobody keeps, and the most memory in use meanwhile beyond what was before. */
async function written(encoder: Encoder, stats: Stats): Promise<{ bodyBytes: number; peakBytes: number }> {
  const before = liveBytes()
  let bodyBytes = 0
  let peakBytes = 0
  let chunks = 0
  for await (const chunk of encoder.encode(stats.getFamilies())) {
    bodyBytes += chunk.length
    if (chunks++ % 16 === 0) peakBytes = Math.max(peakBytes, liveBytes() - before)
  }
  return { bodyBytes, peakBytes: Math.max(peakBytes, liveBytes() - before) }
}

async function document(encoder: Encoder, stats: Stats): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of encoder.encode(stats.getFamilies())) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('a document of 100,000 series is valid in every format, and takes less memory than three of its bodies', {
  timeout: 120_000,
}, async () => {
  const { stats } = engine({ limits: { rowsPerView: SERIES } })
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'calls', measure, tagKeys: ['user', 'route'], aggregation: count() })
  for (let n = 0; n < SERIES; n++) stats.record(measure, 1, { user: `user ${n}`, route: `/cart/${n % 100}` })
  const seen: string[] = []
  for (const encoder of [textEncoder, openMetricsEncoder(), protobufEncoder]) {
    for (const scrape of ['first', 'second']) {
      const { bodyBytes, peakBytes } = await written(encoder, stats)
      expect([encoder.format, scrape, peakBytes < 3 * bodyBytes]).toEqual([encoder.format, scrape, true])
      seen.push(`${encoder.format} ${(bodyBytes / 1e6).toFixed(1)} MB, ${scrape} +${(peakBytes / 1e6).toFixed(1)} MB`)
      stats.record(measure, 1, { user: 'user 7', route: '/cart/7' })
    }
  }
  const samples = [
    readText(String(await document(textEncoder, stats))).get('calls_total')!.samples,
    readOpenMetrics(String(await document(openMetricsEncoder(), stats))).get('calls')!.samples,
    readProtobuf(await document(protobufEncoder, stats))
      .get('calls_total')!
      .metric.map(({ counter }) => ({ value: counter!.value })),
  ]
  for (const all of samples)
    expect([all.length, all[7]!.value, all.reduce((sum, { value }) => sum + value, 0)]).toEqual([SERIES, 7, SERIES + 6])
  figure('memory of a scrape of 100,000 series', seen.join('; '))
})

/** The best time of several rounds, in nanoseconds for each record: what the machine does beside only makes it longer. */
function recordNs(stats: Stats, measure: Measure, tagsOf: (round: number) => readonly { user: string }[]): number {
  let best = Infinity
  for (let round = 0; round < 40; round++) {
    const tags = tagsOf(round)
    const begun = process.hrtime.bigint()
    for (let n = 0; n < tags.length; n++) stats.record(measure, 1, tags[n]!)
    best = Math.min(best, Number(process.hrtime.bigint() - begun) / tags.length)
  }
  return best
}

// Times depend on the machine and on what else it does: the daily run says nothing about them.
const isLong = amount(0, 1) === 1

test.runIf(isLong)('a record that goes to the overflow row costs at most twice as much as one that finds its row', () => {
  const padding = ' of many, with a name that makes it a text of about one hundred characters in all ....'
  /** 2,000 texts that nobody has seen before, as requests bring them. */
  const fresh = (from: number) =>
    Array.from({ length: 2_000 }, (_, at) => JSON.parse(JSON.stringify({ user: `user ${from + at}${padding}` })) as { user: string })
  const seen: string[] = []
  const kinds: Record<string, Aggregation> = { count: count(), distribution: distribution([0.5, 1, 2, 5]) }
  for (const [kind, aggregation] of Object.entries(kinds)) {
    const { stats } = engine()
    const measure = stats.measure('m') as Measure
    stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['user'], aggregation })
    const [known, others] = [fresh(0), fresh(2_000)]
    for (const tags of known) stats.record(measure, 1, tags)
    const foundNs = recordNs(stats, measure, () => fresh(0))
    const overflowNs = recordNs(stats, measure, (round) => fresh(4_000 + round * 2_000))
    const [keptNs, keptOverflowNs] = [recordNs(stats, measure, () => known), recordNs(stats, measure, () => others)]
    expect(stats.viewManager.getView('v')!.rows).toHaveLength(2_001)
    const printed = [foundNs, overflowNs, keptNs, keptOverflowNs].map((ns) => ns.toFixed(0))
    seen.push(`${kind}: ${printed[1]} ns after ${printed[0]} ns; with texts that the caller keeps ${printed[3]} ns after ${printed[2]} ns`)
    expect(overflowNs / foundNs).toBeLessThan(2)
  }
  console.log(seen.join('; '))
  figure('recording into overflow', seen.join('; '))
})

test.runIf(isLong)('a value of 1 MB takes at most 50 µs from the call to its row', () => {
  const { stats } = engine({ limits: { rowsPerView: 5_000 } })
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: count() })
  for (let n = 0; n < 3_000; n++) stats.record(measure, 1, { a: `warm ${n} ${'x'.repeat(600)}` })
  const seen: string[] = []
  const texts: Record<string, (n: number) => string> = {
    'one byte a character': (n) => Buffer.alloc(1_000_000, `value ${n} `).toString('latin1'),
    'two bytes a character': (n) => Buffer.alloc(1_000_000, `välue ${n} 😀`, 'utf16le').toString('utf16le'),
  }
  for (const [kind, text] of Object.entries(texts)) {
    const times: number[] = []
    for (let n = 0; n < 200; n++) {
      const tags = { a: text(n) }
      const begun = process.hrtime.bigint()
      stats.record(measure, 1, tags)
      times.push(Number(process.hrtime.bigint() - begun) / 1e3)
    }
    const quarter = times.sort((one, other) => one - other)[50]! // what the machine does beside only makes it longer
    seen.push(`${kind}: ${quarter.toFixed(1)} µs`)
    expect(quarter).toBeLessThan(50)
  }
  console.log(seen.join('; '))
  figure('cost of hostile values', seen.join('; '))
})
