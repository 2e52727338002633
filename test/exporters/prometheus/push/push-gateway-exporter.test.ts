import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { groupPath } from '../../../../src/exporters/prometheus/push/grouping-key.js'
import { PushGatewayExporter, type PushGatewayExporterOptions } from '../../../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { metric } from '../format/metric-samples.js'

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])
const DOCUMENT = '# TYPE one gauge\none 1\n'

interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A gateway that keeps its requests and responds as the test sets it. */
async function gateway(status = 200, headers: Record<string, string> = {}, answer = ''): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
      received.push({ method: request.method!, url: request.url!, headers: request.headers, body: String(body) })
      if (status !== 0) response.writeHead(status, headers).end(answer)
    })
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

const exporter = (url: string | URL, options: Partial<PushGatewayExporterOptions> = {}) =>
  new PushGatewayExporter({ url, job: 'nightly', ...options })

test('export replaces the group by PUT with gzipped text', async () => {
  const { url, received } = await gateway()
  await exporter(url, { groupingKey: { shard: '3' } }).export([one])
  expect(received).toMatchObject([
    {
      method: 'PUT',
      url: '/metrics/job/nightly/shard/3',
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'content-encoding': 'gzip' },
      body: DOCUMENT,
    },
  ])
})

test('pushAdd is POST, delete is DELETE without a body, and gzip can be disabled', async () => {
  const { url, received } = await gateway(202)
  const pushing = exporter(new URL(`${url}/prefix/`), { mode: 'pushAdd', gzip: false })
  await pushing.export([one])
  await pushing.delete()
  await pushing.shutdown()
  expect(received.map(({ method, url: path, body }) => [method, path, body])).toEqual([
    ['POST', '/prefix/metrics/job/nightly', DOCUMENT],
    ['DELETE', '/prefix/metrics/job/nightly', ''],
  ])
  expect(received[0]!.headers['content-encoding']).toBeUndefined()
})

test('pushes and deletions are sent one after another, in the order of their calls', async () => {
  const methods: string[] = []
  const answers: (() => void)[] = []
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      methods.push(request.method!)
      answers.push(() => void response.end())
    })
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const pushing = exporter(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { deleteOnShutdown: true })
  const all = Promise.all([pushing.push([one]), pushing.pushAdd([one]), pushing.delete(), pushing.push([one]), pushing.shutdown()])
  const expected = ['PUT', 'POST', 'DELETE', 'PUT', 'DELETE']
  for (const at of expected.keys()) {
    await vi.waitUntil(() => answers.length > 0)
    expect(methods).toEqual(expected.slice(0, at + 1))
    answers.pop()!()
  }
  await all
  await expect(pushing.delete()).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED' })
})

test('shutdown deletes the group if configured', async () => {
  const { url, received } = await gateway(202)
  await exporter(url, { deleteOnShutdown: true }).shutdown()
  expect(received.map(({ method }) => method)).toEqual(['DELETE'])
})

test('user and password of the URL are sent as authorization and are not in error messages', async () => {
  const { url, received } = await gateway(401, {}, 'who\nare you?')
  const withUser = url.replace('http://', 'http://ann:s%40crit@')
  await expect(exporter(withUser, { headers: { 'x-scope': 'a' } }).export([one])).rejects.toThrow(
    `pushing 1 metrics to ${url}/metrics/job/nightly failed with status 401: who are you?`,
  )
  expect(received[0]!.headers).toMatchObject({ authorization: `Basic ${btoa('ann:s@crit')}`, 'x-scope': 'a' })
})

test('a refusal is not retryable, a failure of the gateway is', async () => {
  for (const [status, retryable] of [
    [400, false],
    [401, false],
    [404, false],
    [413, false],
    [429, true],
    [500, true],
    [503, true],
  ] as const) {
    const { url } = await gateway(status)
    await expect(exporter(url).export([one])).rejects.toMatchObject({ code: 'ERR_PUSH_FAILED', retryable })
    server!.close()
  }
})

test('Retry-After is passed on, limited to a minute', async () => {
  const clock = { unixMs: () => Date.parse('2026-01-01T00:00:00Z'), monotonicMs: () => 0 }
  for (const [header, retryAfterMs] of [
    ['7', 7_000],
    ['100000', 60_000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 00:00:05 GMT', undefined],
    ['-5', undefined],
    ['soon', undefined],
  ] as const) {
    const { url } = await gateway(503, { 'retry-after': header })
    await expect(exporter(url, { clock }).export([one]), header).rejects.toMatchObject({ retryAfterMs })
    server!.close()
  }
})

test('redirects are refusals and not followed, and an absent or silent gateway is retryable', async () => {
  const elsewhere = await gateway()
  const first = server!
  const { url } = await gateway(302, { location: elsewhere.url })
  await expect(exporter(url).export([one])).rejects.toMatchObject({ retryable: false })
  expect(elsewhere.received).toEqual([])
  first.close()
  server!.close()
  await expect(exporter('http://127.0.0.1:1').export([one])).rejects.toMatchObject({ code: 'ERR_PUSH_FAILED', retryable: true })
  const silent = await gateway(0)
  await expect(exporter(silent.url, { timeoutMs: 100 }).export([one])).rejects.toThrow('no response within 100 ms')
})

test('special values are encoded as base64url in the path', () => {
  expect(groupPath('a-b.c_d~e', { x: '1' })).toBe('/metrics/job/a-b.c_d~e/x/1')
  expect(groupPath('a/b', { x: '', y: 'ü ?', z: '..' })).toBe('/metrics/job@base64/YS9i/x@base64/=/y@base64/w7wgPw/z@base64/Li4')
})

test('invalid options are refused', () => {
  for (const [options, code] of [
    [{ headers: (() => ({ authorization: 'Bearer t' })) as never }, 'ERR_PROMETHEUS_OPTION'],
    [{ url: 'ftp://x' }, 'ERR_PUSH_URL'],
    [{ url: 'gateway:9091' }, 'ERR_PUSH_URL'],
    [{ url: '' }, 'ERR_PUSH_URL'],
    [{ job: '' }, 'ERR_PUSH_GROUP'],
    [{ groupingKey: { job: 'x' } }, 'ERR_PUSH_GROUP'],
    [{ groupingKey: { 'a-b': 'x' } }, 'ERR_PUSH_GROUP'],
    [{ groupingKey: { __x: 'x' } }, 'ERR_PUSH_GROUP'],
    [{ groupingKey: { pod: undefined as never } }, 'ERR_PUSH_GROUP'],
    [{ groupingKey: { pod: null as never } }, 'ERR_PUSH_GROUP'],
    [{ headers: { authorization: undefined as never } }, 'ERR_PROMETHEUS_OPTION'],
    [{ timeoutMs: Number.NaN }, 'ERR_PROMETHEUS_OPTION'],
    [{ mode: 'pushadd' as never }, 'ERR_PROMETHEUS_OPTION'],
    [{ deleteOnShutdown: 'true' as never }, 'ERR_PROMETHEUS_OPTION'],
    [{ gzip: 'false' as never }, 'ERR_PROMETHEUS_OPTION'],
    [{ headers: { 'content-length': '1' } }, 'ERR_PROMETHEUS_OPTION'],
  ] as const) {
    expect(() => exporter('http://x', options), JSON.stringify(options)).toThrow(expect.objectContaining({ code }))
  }
})

test('a gateway that echoes the request puts no secrets or control characters into the error', async () => {
  const authorization = Buffer.from('ann:s@crit-word').toString('base64')
  const echo = `"authorization":"Basic ${authorization}","x-api-key":"k3y-s3cret" \u001b[2J\u202e ann:s@crit-word s%40crit-word ${'x'.repeat(5_000)}`
  const { url } = await gateway(400, {}, echo)
  const withUser = url.replace('http://', 'http://ann:s%40crit-word@')
  const error: Error = await exporter(withUser, { headers: { 'x-api-key': 'k3y-s3cret' } })
    .export([one])
    .then(
      () => expect.unreachable(),
      (failure: Error) => failure,
    )
  expect(error.message).toMatch(/failed with status 400: "authorization":"Basic …","x-api-key":"…" \[2J\\u202e … … x+…$/)
  expect(error.message.length).toBeLessThan(400)
  for (const secret of [authorization, 'k3y', 'crit']) expect(error.message).not.toContain(secret)
})
