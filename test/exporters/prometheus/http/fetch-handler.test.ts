import { expect, test } from 'vitest'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { fetchHandler } from '../../../../src/exporters/prometheus/http/fetch-handler.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { manyGauges, metric, producer } from '../format/metric-samples.js'

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])

function scripted(encode: (signal: AbortSignal | undefined) => AsyncGenerator<Uint8Array>): [Encoder] {
  return [{ format: 'scripted', contentType: 'text/plain', accepts: () => true, encode: (_, signal) => encode(signal) }]
}

test('a server with the Fetch API has the same responses', async () => {
  const scrape = fetchHandler({ producers: [producer(() => [one])], selfMetrics: false })
  const short = await scrape(new Request('http://x/metrics?name[]=one', { headers: { accept: 'application/openmetrics-text' } }))
  expect([short.status, short.headers.get('content-type'), await short.text()]).toEqual([
    200,
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    '# TYPE one gauge\none 1\n# EOF\n',
  ])
  const head = await scrape(new Request('http://x/metrics', { method: 'HEAD' }))
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await scrape(new Request('http://x/metrics', { method: 'POST' }))).status).toBe(405)
  const long = fetchHandler({ producers: [producer(() => [manyGauges(40_000)])], selfMetrics: false })
  expect((await (await long(new Request('http://x/'))).text()).split('\n')).toHaveLength(40_002)
})

test('responses of the Fetch API that are not read yet share one document', async () => {
  const slow = producer(() => new Promise<Metric[]>((resolve) => setImmediate(() => resolve([manyGauges(6_000)]))))
  const scrape = fetchHandler({ producers: [slow], selfMetrics: false })
  gc!()
  const before = process.memoryUsage().arrayBuffers
  const responses = await Promise.all(Array.from({ length: 100 }, () => scrape(new Request('http://x/'))))
  const length = Number(responses[0]!.headers.get('content-length'))
  expect(length).toBeGreaterThan(100_000)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * length)
  const texts = await Promise.all(responses.map((response) => response.text()))
  expect(new Set(texts).size).toBe(1)
  expect([texts[0]!.length, texts[0]!.split('\n').length]).toEqual([length, 6_002])
})

test.each([6_000, 60_000])('a fetch reader that transfers a chunk with %i lines leaves no other document incomplete', async (lines) => {
  const slow = producer(() => new Promise<Metric[]>((resolve) => setImmediate(() => resolve([manyGauges(lines)]))))
  const scrape = fetchHandler({ producers: [slow], selfMetrics: false })
  const responses = await Promise.all(Array.from({ length: 3 }, () => scrape(new Request('http://x/'))))
  const [transferring, quick, late] = responses.map(({ body }) => body!.getReader())
  const first = (await quick!.read()).value!
  const { value } = await transferring!.read()
  expect(value!.buffer).toBe(first.buffer)
  structuredClone(value, { transfer: [value!.buffer as ArrayBuffer] })
  await expect(late!.read()).rejects.toThrow('transferred')
})

/** The number of responses that became ready in each turn of the event loop. */
async function responsesPerTurn(responses: readonly Promise<Response>[]): Promise<number[]> {
  let ready = 0
  for (const response of responses) void response.then(() => ready++)
  const perTurn: number[] = []
  for (let before = 0; ready < responses.length; before = ready) {
    await new Promise((resolve) => void setImmediate(resolve))
    perTurn.push(ready - before)
  }
  return perTurn
}

const scrapes = (scrape: (request: Request) => Promise<Response>, headers: Record<string, string> = {}) =>
  Array.from({ length: 200 }, () => scrape(new Request('http://x/metrics', { headers })))

test('scrapes that are refused at the same time get their 503 in many turns of the event loop', async () => {
  const never = () => new Promise<boolean>(() => {})
  const scrape = fetchHandler({ producers: [producer(() => [one])], selfMetrics: false, guard: never })
  const responses = scrapes(scrape, { 'x-prometheus-scrape-timeout-seconds': '0.001' })
  expect(Math.max(...(await responsesPerTurn(responses)))).toBeLessThanOrEqual(16)
  expect(new Set((await Promise.all(responses)).map(({ status }) => status))).toEqual(new Set([503]))
})

test('scrapes beyond the queue are refused with 503 and Retry-After in many turns of the event loop', async () => {
  const slow = producer(() => new Promise<Metric[]>((resolve) => setTimeout(() => resolve([one]), 5)))
  const scrape = fetchHandler({ producers: [slow], selfMetrics: false, maxInFlight: 1, maxWaiting: 0 })
  const responses = scrapes(scrape)
  expect(Math.max(...(await responsesPerTurn(responses)))).toBeLessThanOrEqual(16)
  const refused = (await Promise.all(responses)).filter(({ status }) => status === 503)
  expect(refused).toHaveLength(199)
  const [{ headers }, text] = [refused[0]!, await refused[0]!.text()]
  expect([headers.get('retry-after'), headers.get('content-type'), text]).toEqual([
    '1',
    'text/plain; charset=utf-8',
    'too many scrapes are running\n',
  ])
})

test('scrapes that wait for one gathering get its document in many turns of the event loop', async () => {
  const slow = producer(() => new Promise<Metric[]>((resolve) => setTimeout(() => resolve([one]), 5)))
  const responses = scrapes(fetchHandler({ producers: [slow], selfMetrics: false }))
  expect(Math.max(...(await responsesPerTurn(responses)))).toBeLessThanOrEqual(16)
  expect(new Set((await Promise.all(responses)).map(({ status }) => status))).toEqual(new Set([200]))
})

test('scrapes share an empty document', async () => {
  const slow = producer(() => new Promise<Metric[]>((resolve) => setImmediate(() => resolve([]))))
  const scrape = fetchHandler({ producers: [slow], selfMetrics: false })
  const responses = await Promise.all([scrape(new Request('http://x/')), scrape(new Request('http://x/'))])
  expect(await Promise.all(responses.map(async (response) => [response.status, await response.text()]))).toEqual(Array(2).fill([200, '']))
})

test('a cancelling fetch reader stops the work', async () => {
  let stopped = false
  const encoders = scripted(async function* () {
    try {
      for (;;) yield Buffer.alloc(800_000, 'x')
    } finally {
      stopped = true
    }
  })
  const response = await fetchHandler({ producers: [], encoders })(new Request('http://x/'))
  await response.body?.cancel()
  expect(stopped).toBe(true)
})
