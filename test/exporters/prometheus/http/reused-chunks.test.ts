import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
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
