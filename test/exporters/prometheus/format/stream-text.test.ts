import { fc } from '../../../fast-check.js'
import { expect, test, vi } from 'vitest'
import { count, distribution, lastValue, Stats, sum } from '../../../../src/index.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import { streamText } from '../../../../src/exporters/prometheus/format/stream-text.js'

async function streamed(stats: Stats): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of streamText({ producers: [stats] })) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function engine(): { stats: Stats; record: (value: number, tags: Record<string, string>) => void } {
  const stats = new Stats({ limits: { rowsPerView: 700 } })
  const measure = stats.measure('a/latency', { unit: 's', description: 'back\\slash\nline' })
  const tagKeys = ['a', 'b']
  stats.viewManager.registerView({ name: 'v/count', measure, tagKeys, aggregation: count() })
  stats.viewManager.registerView({ name: 'v/sum', measure, tagKeys: ['b'], aggregation: sum() })
  stats.viewManager.registerView({ name: 'v/last', measure, tagKeys: [], aggregation: lastValue() })
  stats.viewManager.registerView({ name: 'v/times', measure, tagKeys, aggregation: distribution([0, 0.5, 1, 1e6]) })
  return { stats, record: (value, tags) => stats.record(measure, value, tags) }
}

const text = fc.oneof(
  fc.constantFrom('x', 'y', '', 'quote " and \\ and \n', '\0', '🦊', '\ud800', '__proto__', '# EOF', 'ü'.repeat(300)),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
)

test('streamed text equals the text of the snapshot, byte for byte, over rounds of records, new rows and removals', async () => {
  const record = fc.record({ value: fc.oneof(fc.integer({ min: 0, max: 2 ** 31 }), fc.double({ min: 0, max: 1e9 })), a: text, b: text })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(record, { maxLength: 40 }), { minLength: 1, maxLength: 6 }), async (rounds) => {
      const { stats, record: put } = engine()
      for (const [round, records] of rounds.entries()) {
        for (const { value, a, b } of records) put(value, { a, b })
        if (round % 3 === 2) stats.viewManager.removeRows('v/count', { a: 'x' })
        expect(await streamed(stats)).toBe(formatText(stats.getMetrics()))
      }
    }),
    { numRuns: 60 },
  )
})

test('the text of 512 rows and more is correct while numbers change width and rows overflow', async () => {
  const { stats, record } = engine()
  let factor = 1
  for (let round = 0; round < 6; round++, factor *= 9) {
    for (let row = 0; row < 900; row += round + 1) {
      for (let n = 0; n < round + 1; n++) record(row * factor + (row % 3) / 7, { a: `a${row % 97}`, b: `b${row}` })
    }
    expect(await streamed(stats)).toBe(formatText(stats.getMetrics()))
  }
})

test('values that change their width take no new memory, also in lines of kilobytes, which are correct', async () => {
  const { stats, record } = engine()
  const touch = (length: number): void => {
    for (let row = 0; row < 400; row++) record(1, { a: 'a', b: `${row} `.padEnd(length, 'b') })
  }
  touch(20)
  await streamed(stats)
  for (let n = 0; n < 7; n++) touch(20)
  await streamed(stats)
  const allocate = vi.spyOn(Buffer, 'allocUnsafe')
  record(2, { a: 'a', b: '3 '.padEnd(20, 'b') })
  record(2, { a: 'a', b: '3 '.padEnd(20, 'b') })
  for await (const chunk of streamText({ producers: [stats] })) expect(chunk.length).toBeGreaterThan(0)
  expect(allocate).not.toHaveBeenCalled()
  allocate.mockRestore()
  for (let n = 0; n < 10; n++) touch(250)
  await streamed(stats)
  for (let n = 0; n < 90; n++) touch(250)
  expect(await streamed(stats)).toBe(formatText(stats.getMetrics()))
})

test('two documents without a record between them are equal', async () => {
  const { stats, record } = engine()
  for (let row = 0; row < 100; row++) record(row / 3, { a: `${row}`, b: 'b' })
  expect(await streamed(stats)).toBe(await streamed(stats))
})

test('a cancelled stream stops its work', async () => {
  const { stats, record } = engine()
  for (let row = 0; row < 650; row++) record(row, { a: `a${row}`.padEnd(250, 'x'), b: `b${row}` })
  const aborter = new AbortController()
  const chunks = streamText({ producers: [stats], signal: aborter.signal })
  await chunks.next()
  expect((await chunks.return()).done).toBe(true)
  expect((await chunks.next()).done).toBe(true)
})

test('every document has consistent histograms while recording continues between chunks', async () => {
  const { stats, record } = engine()
  for (let row = 0; row < 600; row++) record(row / 600, { a: `a${row}`.padEnd(250, 'x'), b: `b${row}` })
  let document = ''
  let row = 0
  for await (const chunk of streamText({ producers: [stats] })) {
    document += Buffer.from(chunk).toString('latin1')
    for (let n = 0; n < 1000; n++, row++) record((row % 7) / 5, { a: `a${row % 600}`.padEnd(250, 'x'), b: `b${row % 600}` })
  }
  const infinite = [...document.matchAll(/^v_times_seconds_bucket\{(.*),le="\+Inf"\} (\d+)$/gm)].map(([, labels, n]) => `${labels} ${n}`)
  const counts = [...document.matchAll(/^v_times_seconds_count\{(.*)\} (\d+)$/gm)].map(([, labels, n]) => `${labels} ${n}`)
  expect(infinite.length).toBe(600)
  expect(infinite).toEqual(counts)
})
