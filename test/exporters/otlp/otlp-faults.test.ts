import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { selfValue } from '../self-value.js'
import { closedUrl, receiver } from '../sending/receiver.js'
import { encodeAnswer } from './read-otlp.js'

let logged: string[]
const log = (_: unknown, message?: string): void => void logged.push(String(message))
const logger = { debug: log, info: log, warn: log, error: log }
beforeEach(() => {
  logged = []
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => void vi.restoreAllMocks())

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])
const counted = (reason: string): number => selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', reason) ?? 0

/** Exports one point once to a receiver that answers so; returns the error, the number of requests, and what was counted. */
async function fault(answer: (response: ServerResponse) => void, reason: string) {
  const { url, requests } = await receiver(answer)
  const exporter = new OtlpMetricExporter({ endpoint: url, logger })
  const before = counted(reason)
  const error = await exporter.export([one]).then(
    () => undefined,
    (rejection: Error & { retryable: boolean }) => rejection,
  )
  await exporter.shutdown()
  return { error, tries: requests.length, dropped: counted(reason) - before }
}

test.each([301, 307, 308, 400, 401, 403, 404, 408, 415, 500, 501])('a response %i is final', async (status) => {
  const { error, tries, dropped } = await fault(
    (response) => void response.writeHead(status, { location: 'http://u:secret@elsewhere/token' }).end('no'),
    'refused',
  )
  expect(error).toMatchObject({ code: 'ERR_OTLP_FAILED', retryable: false })
  expect([tries, dropped]).toEqual([1, 1])
  expect(error!.message).not.toMatch(/secret|token/)
})

test.each([429, 502, 503, 504])('a response %i is retryable', async (status) => {
  const { error, dropped } = await fault((response) => void response.writeHead(status, { 'retry-after': '7' }).end(), 'retries')
  expect(error).toMatchObject({ code: 'ERR_OTLP_FAILED', retryable: true, retryAfterMs: 7_000 })
  expect(dropped).toBe(1)
})

test('one point that is too large is dropped', async () => {
  const { error, dropped } = await fault((response) => void response.writeHead(413).end(), 'too_large')
  expect([error?.retryable, dropped]).toEqual([false, 1])
})

test.each(['http/protobuf', 'http/json'] as const)(
  'after a 413, requests by %s are at most half as large as the smallest refused one, and not much smaller',
  async (protocol) => {
    const limit = protocol === 'http/json' ? 1_200_000 : 300_000
    const { url, requests } = await receiver((response, _, { body }) => void response.writeHead(body.length > limit ? 413 : 200).end())
    const exporter = new OtlpMetricExporter({ endpoint: url, protocol, concurrency: 1, maxPointsPerRequest: 1e6, maxRequestBytes: 4 << 20 })
    const series = Array.from({ length: 12_000 }, (_, i): [string[], number] => [[`a label value of an ordinary length ${i}`], i])
    const many = metric({ name: 'many', type: 'GAUGE_INT64', labelKeys: ['key'] }, ...series)
    await exporter.export([many])
    requests.length = 0
    await exporter.export([many])
    const sizes = requests.map(({ body }) => body.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limit)
    // JSON counts as four times as long as protobuf, and is about 2.5 times as long.
    expect(sizes[0]).toBeGreaterThan(protocol === 'http/json' ? limit / 4 : limit / 2)
    await exporter.shutdown()
  },
)

const SUCCESSES: readonly [string, Record<string, string>, () => Uint8Array, number, RegExp | undefined][] = [
  ['of HTML', { 'content-type': 'text/html' }, () => Buffer.from('<html>'), 0, /not OTLP/],
  ['of truncated protobuf', {}, () => Uint8Array.of(10, 200, 1), 0, /not OTLP/],
  [
    'that rejects a point',
    {},
    () => encodeAnswer('ExportMetricsServiceResponse', { partialSuccess: { rejectedDataPoints: 1, errorMessage: 'too old' } }),
    1,
    /rejected.*too old/,
  ],
  [
    'with a warning only',
    {},
    () => encodeAnswer('ExportMetricsServiceResponse', { partialSuccess: { errorMessage: 'slow down' } }),
    0,
    /warning.*slow down/,
  ],
  ['with unknown fields', {}, () => Uint8Array.of(0x7a, 1, 1), 0, undefined],
  [
    'of JSON that rejects a point',
    { 'content-type': 'application/json' },
    () => Buffer.from('{"partialSuccess":{"rejectedDataPoints":"1"}}'),
    1,
    /rejected/,
  ],
]
test.each(SUCCESSES)('a response 200 %s is a success', async (_, headers, body, rejected, warning) => {
  const { error, tries, dropped } = await fault((response) => void response.writeHead(200, headers).end(body()), 'rejected')
  expect([error, tries, dropped]).toEqual([undefined, 1, rejected])
  expect(logged).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)])
})

test('an unreachable receiver is tried until the time limit of the export', async () => {
  const exporter = new OtlpMetricExporter({ endpoint: await closedUrl(), random: () => 0 })
  const beganMs = performance.now()
  const context = { timeUnixMs: 1e12, timeoutMs: 1_500, signal: new AbortController().signal, isLast: false }
  await expect(exporter.exportFamilies([one], context)).rejects.toMatchObject({ retryable: true })
  expect(performance.now() - beganMs).toBeLessThan(10_000) // otherwise it is tried for ever
  expect(counted('deadline')).toBeGreaterThan(0)
  await exporter.shutdown()
  await expect(exporter.export([one])).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED' })
})
