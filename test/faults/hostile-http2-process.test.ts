import fastify from 'fastify'
import { once } from 'node:events'
import {
  createServer as createHttp2,
  connect as connectHttp2,
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import type { MetricsHandlerOptions } from '../../src/exporters/prometheus/http/handler.js'
import { nodeHandler } from '../../src/exporters/prometheus/http/node-handler.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import { tallyscopeFastify } from '../../src/integrations/fastify/plugin.js'

const STREAMS = 60

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each()
})

/** Writes a document of some bytes in many turns of the event loop, and knows how many were written at a time. */
function counted(bytes: number): { encoders: [Encoder]; most: () => number; written: () => number } {
  let [now, most, written] = [0, 0, 0]
  const encoder: Encoder = {
    format: 'counted',
    contentType: 'text/plain',
    accepts: () => true,
    async *encode() {
      most = Math.max(most, ++now)
      written++
      try {
        for (let at = 0; at < 5; at++) await new Promise((resolve) => void setImmediate(resolve))
        yield Buffer.alloc(bytes, 'x')
      } finally {
        now--
      }
    },
  }
  return { encoders: [encoder], most: () => most, written: () => written }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const WAYS: Readonly<Record<string, (options: MetricsHandlerOptions) => Promise<string>>> = {
  'node:http2': async (options) => `http://127.0.0.1:${await listening(createHttp2(nodeHandler({ producers: [], ...options }) as never))}`,
  Fastify: async (options) => {
    const app = fastify({ http2: true })
    const { producers = [], ...metrics } = options
    await app.register(tallyscopeFastify, { tracer: false, views: false, producers, metrics })
    await app.listen({ port: 0, host: '127.0.0.1' })
    cleanUp.push(() => app.close())
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  },
}

function session(url: string, initialWindowSize = 65_535): ClientHttp2Session {
  const made = connectHttp2(url, { settings: { initialWindowSize } })
  made.on('error', () => {})
  cleanUp.push(() => made.destroy())
  return made
}

async function scrape(client: ClientHttp2Session): Promise<{ status: number | undefined; length: number }> {
  const stream = client.request({ ':path': '/metrics' })
  const [[headers], text] = await Promise.all([
    once(stream, 'response') as Promise<[IncomingHttpHeaders & IncomingHttpStatusHeader]>,
    textOf(stream),
  ])
  return { status: headers[':status'], length: text.length }
}

/** A producer that answers when the test lets it, and knows how often it was called. */
function waiting(): { producer: MetricProducer; calls: () => number; release: () => void } {
  let calls = 0
  const releases: (() => void)[] = []
  const getMetrics = (): Promise<[]> => {
    calls++
    return new Promise((resolve) => void releases.push(() => resolve([])))
  }
  return { producer: { name: 'waiting', getMetrics }, calls: () => calls, release: () => releases.forEach((each) => each()) }
}

describe.each(Object.keys(WAYS))('over %s', (way) => {
  test('streams of one session are handled one at a time, and all get responses', async () => {
    const { encoders, most } = counted(1_000)
    const client = session(await WAYS[way]!({ encoders, selfMetrics: false }))
    const answers = await Promise.all(Array.from({ length: STREAMS }, () => scrape(client)))
    expect(answers).toEqual(Array.from({ length: STREAMS }, () => ({ status: 200, length: 1_000 })))
    expect(most()).toBe(1)
  })

  test.each([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL])(
    'streams that are reset with code %i while they wait for their turn are not gathered for',
    async (code) => {
      const { producer, calls, release } = waiting()
      const url = await WAYS[way]!({ producers: [producer], selfMetrics: false })
      const client = session(url)
      const first = scrape(client)
      await expect.poll(calls).toBe(1)
      const others = Array.from({ length: STREAMS }, () => client.request({ ':path': '/metrics' }).on('error', () => {}))
      await new Promise<void>((resolve, reject) => void client.ping((error) => (error === null ? resolve() : reject(error))))
      for (const stream of others) stream.close(code)
      await new Promise<void>((resolve, reject) => void client.ping((error) => (error === null ? resolve() : reject(error))))
      release()
      expect(await first).toMatchObject({ status: 200 })
      const last = scrape(client)
      await expect.poll(calls).toBe(2) // it was behind them
      release()
      expect(await last).toMatchObject({ status: 200 })
    },
  )

  test('streams that are reset in the packet that opens them are hardly gathered for', async () => {
    const { producer, calls, release } = waiting()
    const client = session(await WAYS[way]!({ producers: [producer], selfMetrics: false }))
    await once(client, 'connect')
    for (let at = 0; at < STREAMS; at++) {
      client
        .request({ ':path': '/metrics' })
        .on('error', () => {})
        .close(constants.NGHTTP2_CANCEL)
    }
    const last = scrape(client)
    const releasing = setInterval(release, 5)
    expect(await last).toMatchObject({ status: 200 })
    clearInterval(releasing)
    expect(calls()).toBeLessThan(STREAMS / 2)
  })

  test('streams that are never read are closed, and others are served completely meanwhile', async () => {
    const bytes = 1_000
    const { encoders, written } = counted(bytes)
    const url = await WAYS[way]!({ encoders, selfMetrics: false, sendTimeoutMs: 1_500 })
    const stalled = session(url, 0)
    const closed = Array.from({ length: STREAMS }, () => {
      const stream = stalled.request({ ':path': '/metrics' }).on('error', () => {})
      return new Promise((resolve) => stream.pause().once('close', resolve))
    })
    await expect.poll(written, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await scrape(session(url))).toEqual({ status: 200, length: bytes })
    await Promise.all(closed)
    expect(await scrape(session(url))).toEqual({ status: 200, length: bytes })
  })
})
