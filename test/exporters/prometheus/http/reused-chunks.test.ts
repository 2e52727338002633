import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { type MetricsHandlerOptions, metricsHandler } from '../../../../src/exporters/prometheus/http/handler.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { bytesOf, metric, producer } from '../format/metric-samples.js'

const GZIP = { 'accept-encoding': 'gzip' }
const PLAIN = {}

/** More than half a chunk, so that it is emitted without a copy. Each call has other text of the same length. */
function pages(): () => readonly Metric[] {
  let page = 0
  return () => {
    page++
    return [metric({ name: 'page', type: 'GAUGE_INT64', description: String(page % 10).repeat(100_000) }, [[], 1])]
  }
}

function handler(metrics: () => readonly Metric[] | Promise<readonly Metric[]>, options: Partial<MetricsHandlerOptions> = {}) {
  return metricsHandler({ producers: [producer(metrics)], selfMetrics: false, ...options })
}

afterEach(() => void vi.restoreAllMocks())

/** So large that it is sent while it is encoded. Each call has other text of the same length. */
function largePages(): () => readonly Metric[] {
  let page = 0
  return () => {
    const description = String(++page % 10).repeat(100_000)
    return Array.from({ length: 20 }, (_, at) =>
      metric({ name: `page_${String.fromCharCode(97 + at)}`, type: 'GAUGE_INT64', description }, [[], 1]),
    )
  }
}

const newChunks = () => vi.spyOn(Buffer, 'allocUnsafeSlow').mock.calls.filter(([bytes]) => bytes === 131_072).length

/** Reads the first part and then no more, until the scraper disconnects. */
async function stall(handle: ReturnType<typeof handler>, headers = PLAIN): Promise<void> {
  const scraper = new AbortController()
  const { body } = await handle(headers, undefined, { signal: scraper.signal })
  await (body as AsyncIterator<Uint8Array>).next()
  scraper.abort(new Error('gone'))
}

test('a page whose reader has stopped leaves its chunks to the next page', async () => {
  const handle = handler(largePages())
  await stall(handle)
  await stall(handle)
  newChunks()
  await stall(handle)
  expect(newChunks()).toBe(0)
})

test('what was sent of a page whose reader has stopped is not overwritten', async () => {
  const handle = handler(largePages())
  const scraper = new AbortController()
  const { body } = await handle(PLAIN, undefined, { signal: scraper.signal })
  const parts = body as AsyncIterator<Uint8Array>
  const sent = [(await parts.next()).value as Uint8Array, (await parts.next()).value as Uint8Array]
  const before = Buffer.concat(sent)
  scraper.abort(new Error('gone'))
  await stall(handle)
  expect(before.equals(Buffer.concat(sent))).toBe(true)
})

test('a large page that is compressed uses few chunks, and is whole', async () => {
  const handle = handler(largePages())
  newChunks()
  const { body } = await handle(GZIP)
  const text = String(gunzipSync(await bytesOf(body)))
  expect(newChunks()).toBeLessThanOrEqual(8 + 1)
  const line = '1'.repeat(100_000)
  const whole = [...'abcdefghijklmnopqrst'].map((at) => `# HELP page_${at} ${line}\n# TYPE page_${at} gauge\npage_${at} 1\n`).join('')
  expect(text === whole).toBe(true)
})

test('compressed pages that follow each other are whole', async () => {
  const handle = handler(pages())
  for (const digit of ['1', '2', '3']) {
    const { body } = await handle(GZIP)
    expect(String(gunzipSync(await bytesOf(body)))).toBe(`# HELP page ${digit.repeat(100_000)}\n# TYPE page gauge\npage 1\n`)
  }
})

test('a page that is sent without compression is not overwritten by the next one', async () => {
  const handle = handler(pages())
  const { body } = await handle(PLAIN)
  const before = Buffer.from(body as Uint8Array)
  await handle(GZIP)
  await handle(GZIP)
  expect(before.equals(body as Uint8Array)).toBe(true)
})

test('a page that scrapes share is not overwritten, even if one of them is compressed', async () => {
  const next = pages()
  const handle = handler(async () => next())
  const [plain] = await Promise.all([handle(PLAIN), handle(GZIP)])
  const before = Buffer.from(plain.body as Uint8Array)
  await handle(GZIP)
  expect(before.equals(plain.body as Uint8Array)).toBe(true)
})

test('chunks that an encoder of the user keeps are not overwritten', async () => {
  const kept: Uint8Array[] = []
  const keeping: Encoder = {
    ...textEncoder,
    async *encode(families, signal, owner) {
      for await (const chunk of textEncoder.encode(families, signal, owner)) {
        kept.push(chunk)
        yield chunk
      }
    },
  }
  const handle = handler(pages(), { encoders: [keeping] })
  await handle(GZIP)
  const before = Buffer.concat(kept)
  await handle(GZIP)
  expect(before.equals(kept[0]!)).toBe(true)
})
