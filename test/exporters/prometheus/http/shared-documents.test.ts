import { gunzipSync } from 'node:zlib'
import { fc } from '../../../fast-check.js'
import { expect, test } from 'vitest'
import { TimeSlicer } from '../../../../src/base/time-slicer.js'
import { inNextTurn } from '../../../../src/base/timer.js'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { type MetricsHandlerOptions, type MetricsResponse, metricsHandler } from '../../../../src/exporters/prometheus/http/handler.js'
import { ManualClock } from '../../../../src/testing/manual-clock.js'
import { MetricRegistry } from '../../../../src/metrics/instruments/metric-registry.js'
import { bytesOf, manyGauges, producer } from '../format/metric-samples.js'

const SMALL = 10_000
const LARGE = 1_000_000
const nextTurn = () => new Promise<void>((resolve) => void inNextTurn(resolve))

/** Runs what is ready in this turn of the event loop. */
async function microtasks(): Promise<void> {
  for (let tick = 0; tick < 50; tick++) await Promise.resolve()
}

/** Uses the time slice of this turn, so that scrapes have to wait for the next one. */
function useSlice(): void {
  const slicer = new TimeSlicer()
  while (!slicer.isOver);
}

/** An encoder that counts its documents of `bytes`, in chunks of 100 kB. */
function counting(bytes: number) {
  const counts = { documents: 0, ended: 0 }
  const chunks: WeakRef<Uint8Array>[] = []
  const encoder: Encoder = {
    format: 'counting',
    contentType: 'text/plain',
    accepts: () => true,
    async *encode() {
      const number = String(++counts.documents)
      try {
        for (let left = bytes; left > 0; left -= 100_000) {
          const chunk = Buffer.alloc(Math.min(left, 100_000), number)
          chunks.push(new WeakRef(chunk))
          yield chunk
          await nextTurn()
        }
      } finally {
        counts.ended++
      }
    },
  }
  return { encoder, counts, chunks }
}

const endpoint = (encoder: Encoder, options: Partial<MetricsHandlerOptions> = {}) =>
  metricsHandler({ producers: [producer(() => [])], encoders: [encoder], selfMetrics: false, ...options })

/** The size of a document and the number of the encoding that it comes from. */
async function sizeAndNumber({ headers, body }: MetricsResponse): Promise<[number, string]> {
  const bytes = await bytesOf(body)
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
  return [plain.length, String(plain.subarray(0, 1))]
}

test.each([SMALL, LARGE])(
  'scrapes that arrive before the same time slice share one document of %i bytes, compressed or not',
  async (bytes) => {
    const { encoder, counts } = counting(bytes)
    const handle = endpoint(encoder)
    useSlice()
    const responses = await Promise.all([
      handle({}),
      handle({ 'accept-encoding': 'gzip' }),
      handle({}),
      handle({ 'accept-encoding': 'gzip' }),
    ])
    expect(await Promise.all(responses.map(sizeAndNumber))).toEqual(Array(4).fill([bytes, '1']))
    expect(counts.documents).toBe(1)
  },
)

test('scrapes that wait for the same slow producer share one document', async () => {
  const { encoder, counts } = counting(SMALL)
  let answer = (): void => {}
  const handle = endpoint(encoder, { producers: [producer(() => new Promise((resolve) => (answer = () => resolve([]))))] })
  const first = handle({})
  await nextTurn()
  const second = handle({})
  answer()
  expect(await Promise.all([first, second].map(async (response) => sizeAndNumber(await response)))).toEqual(Array(2).fill([SMALL, '1']))
  expect(counts.documents).toBe(1)
})

/** An endpoint whose only producer never returns, for scrapers with a time-out of 1 ms. */
function impatientScrapes() {
  const { encoder, counts } = counting(SMALL)
  const clock = new ManualClock()
  const handle = endpoint(encoder, { producers: [producer(() => new Promise(() => {}))], clock })
  const numbers: string[] = []
  const scrape = async (): Promise<void> => {
    const [, number] = await sizeAndNumber(await handle({ 'x-prometheus-scrape-timeout-seconds': '0.001' }))
    numbers.push(number)
  }
  /** Advances the clock, and runs what is ready then. */
  const pass = async (ms: number): Promise<void> => {
    await microtasks()
    clock.advance(ms)
    for (let turn = 0; turn < 5; turn++) await nextTurn()
  }
  return { scrape, pass, numbers, counts }
}

test('scrapes that stop waiting for a slow producer within 10 ms share one partial document', async () => {
  const { scrape, pass, numbers, counts } = impatientScrapes()
  const all = Array.from({ length: 10 }, scrape)
  await pass(1)
  expect(numbers).toEqual(Array(10).fill('1'))
  all.push(scrape())
  await pass(1)
  all.push(scrape(), scrape())
  await pass(7)
  expect(counts.documents).toBe(1) // a document of now would be too old for a scrape that is still to come
  all.push(scrape())
  await pass(1)
  await pass(1)
  await Promise.all(all)
  expect(numbers.slice(10)).toEqual(Array(4).fill('2'))
})

test('a scrape that arrives once a partial document is being encoded has another one', async () => {
  const { scrape, pass, numbers } = impatientScrapes()
  const all = [scrape(), scrape()]
  await microtasks()
  await pass(1)
  all.push(scrape())
  await pass(1)
  await pass(10)
  expect(numbers).toEqual(['1', '1', '2'])
  all.push(scrape())
  await pass(1)
  await pass(10)
  await Promise.all(all)
  expect(numbers).toEqual(['1', '1', '2', '3'])
})

test('a scrape that arrives once encoding has begun has its own document', async () => {
  const { encoder, counts } = counting(LARGE)
  const handle = endpoint(encoder)
  useSlice()
  const early = [handle({}), handle({})]
  while (counts.documents === 0) await nextTurn()
  const late = await sizeAndNumber(await handle({}))
  expect([await Promise.all(early.map(async (response) => sizeAndNumber(await response))), late]).toEqual([
    [
      [LARGE, '1'],
      [LARGE, '1'],
    ],
    [LARGE, '2'],
  ])
})

test('a document that would hold more memory than those of its scrapes is not shared', async () => {
  const { encoder, counts } = counting(2_000_000)
  const handle = endpoint(encoder)
  useSlice()
  const responses = await Promise.all([handle({}), handle({})])
  expect((await Promise.all(responses.map(sizeAndNumber))).toSorted()).toEqual([
    [2_000_000, '1'],
    [2_000_000, '2'],
  ])
  expect(counts).toEqual({ documents: 2, ended: 2 })
})

test('scrapes of some families share no document', async () => {
  const { encoder, counts } = counting(SMALL)
  const handle = endpoint(encoder)
  useSlice()
  await Promise.all([handle({}, 'name[]=one'), handle({}, 'name[]=two')])
  expect(counts.documents).toBe(2)
})

test('encoding goes on for the scrapers that stay, and ends once all have disconnected', async () => {
  for (const [leaving, ended] of [
    [1, 0],
    [2, 1],
  ] as const) {
    const { encoder, counts } = counting(Number.POSITIVE_INFINITY)
    const clients = [new AbortController(), new AbortController()]
    const handle = endpoint(encoder)
    useSlice()
    const responses = clients.map(({ signal }) => handle({}, '', { signal }))
    while (counts.documents === 0) await nextTurn()
    clients.slice(0, leaving).forEach((client) => client.abort(new Error('gone')))
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    expect(counts.ended).toBe(ended)
    clients.forEach((client) => client.abort(new Error('gone')))
    await Promise.all(responses)
    await expect.poll(() => counts.ended).toBe(counts.documents)
  }
})

test('a stalled reader of a shared document holds only what it has not read, and delays no other', async () => {
  const { encoder, counts, chunks } = counting(LARGE)
  const handle = endpoint(encoder)
  useSlice()
  const [stalled, quick] = (await Promise.all([handle({}), handle({})])).map(({ body }) => body as AsyncIterableIterator<Uint8Array>)
  for (let at = 0; at < 6; at++) await stalled!.next()
  expect([(await bytesOf(quick)).length, counts.documents]).toEqual([LARGE, 1])
  const held = () => {
    gc!()
    return chunks.map((chunk) => chunk.deref() !== undefined).lastIndexOf(false)
  }
  await expect.poll(held).toBeGreaterThanOrEqual(3)
  expect((await bytesOf(stalled)).length).toBe(LARGE - 600_000)
})

type Step = 'turn' | 'time' | 'use slice' | 'answer' | 'abort' | 'read' | Readonly<Record<string, string>>
const SCRAPES: readonly Step[] = [
  {},
  { accept: 'application/openmetrics-text' },
  { 'accept-encoding': 'gzip' },
  { 'x-prometheus-scrape-timeout-seconds': '0.001' },
]
const steps = fc.array(fc.constantFrom<Step>('turn', 'time', 'time', 'use slice', 'answer', 'abort', 'read', ...SCRAPES, ...SCRAPES), {
  minLength: 10,
  maxLength: 40,
})

test('no document is older than its scrape or incomplete, whatever the order of scrapes, producers and readers', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(10, 30_000), fc.boolean(), async (program, rows, isAsynchronous) => {
      const registry = new MetricRegistry()
      const newest = registry.gauge('newest')
      newest.set(0)
      const answers: (() => void)[] = []
      const slow = producer(() => (isAsynchronous ? new Promise((resolve) => answers.push(() => resolve([]))) : []))
      const large = manyGauges(rows)
      const clock = new ManualClock()
      const handle = metricsHandler({ producers: [registry, slow, producer(() => [large])], selfMetrics: false, clock })
      const scrapes: { client: AbortController; checked: Promise<void> }[] = []
      const readers: (() => void)[] = []
      let records = 0

      /** Reads the document once its turn has come, and checks it. */
      async function scrape(headers: Readonly<Record<string, string>>, { signal }: AbortController): Promise<void> {
        const arrived = ++records
        newest.set(arrived)
        const response = await handle(headers, '', { signal })
        await new Promise<void>((resolve) => void readers.push(resolve))
        const bytes = await bytesOf(response.body).catch((error: unknown) => {
          if (!signal.aborted) throw error
        })
        if (signal.aborted || bytes === undefined) return
        const text = String(response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)
        expect(response.status).toBe(200)
        if (headers['x-prometheus-scrape-timeout-seconds'] === undefined || !isAsynchronous) {
          expect(text.match(/^many\{/gm)?.length).toBe(rows)
          expect(text.endsWith('# EOF\n')).toBe(headers['accept'] !== undefined)
        }
        expect(Number(/^newest (\d+)/m.exec(text)?.[1])).toBeGreaterThanOrEqual(arrived)
      }

      for (const step of program) {
        if (step === 'turn') await nextTurn()
        else if (step === 'time') clock.advance(1)
        else if (step === 'use slice') useSlice()
        else if (step === 'answer') answers.splice(0).forEach((answer) => answer())
        else if (step === 'abort') scrapes.at(-1)?.client.abort(new Error('gone'))
        else if (step === 'read') readers.shift()?.()
        else {
          const client = new AbortController()
          const checked = scrape(step, client)
          checked.catch(() => {})
          scrapes.push({ client, checked })
        }
        await microtasks()
      }
      let isOver = false
      const all = Promise.all(scrapes.map(({ checked }) => checked)).finally(() => (isOver = true))
      all.catch(() => {})
      while (!isOver) {
        answers.splice(0).forEach((answer) => answer())
        readers.splice(0).forEach((read) => read())
        clock.advance(1)
        await nextTurn()
      }
      await all
    }),
    { numRuns: 40 },
  )
})
