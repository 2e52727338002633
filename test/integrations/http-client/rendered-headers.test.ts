import http, { type IncomingHttpHeaders } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { rows, until } from '../fastify/served.js'

const FOREIGN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

async function watched() {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats })
  const client = instrumentHttpClient({ tracer, stats, spanName: 'methodAndHost' })
  const received: { headers: IncomingHttpHeaders; raw: readonly string[]; body: string }[] = []
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    received.push({ headers: request.headers, raw: request.rawHeaders, body })
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    client.stop()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const send = (headers: http.OutgoingHttpHeaders | readonly string[], body = 'abc') =>
    new Promise<void>((resolve, reject) => {
      const request = http.request({ port, host: '127.0.0.1', method: 'POST', headers: headers as http.OutgoingHttpHeaders }, (response) =>
        response.resume().on('end', resolve),
      )
      request.on('error', reject)
      if (request.headersSent && /^expect:/im.test(String(Object(request)._header))) request.on('continue', () => request.end(body))
      else request.end(body)
    })
  return { stats, tracer, spans: exporter.items as SpanData[], received, port, send, host: `127.0.0.1:${port}` }
}

test.each([
  ['an array', (host: string) => ['Host', host, 'X-Kind', 'a']],
  ['Expect', () => ({ expect: '100-continue' })],
  ['an array with Expect', (host: string) => ['Host', host, 'Expect', '100-continue', 'Content-Length', '3']],
])('headers that Node renders at once get the context, once: %s', async (_name, headers) => {
  const { received, spans, send, host } = await watched()
  await send(headers(host))
  await until(() => spans.length === 1)
  const { raw, body, headers: got } = received[0]!
  expect(got['traceparent']).toBe(`00-${spans[0]!.context.traceId}-${spans[0]!.spanId}-01`)
  expect(raw.filter((name) => name.toLowerCase() === 'traceparent')).toHaveLength(1)
  expect([body, got['x-kind'], got['expect']]).toEqual([
    'abc',
    _name === 'an array' ? 'a' : undefined,
    _name === 'an array' ? undefined : '100-continue',
  ])
})

test('a context in rendered headers is replaced if it is of the same trace, otherwise kept', async () => {
  const { tracer, received, spans, send, host } = await watched()
  await send(['Host', host, 'TraceParent', FOREIGN])
  await tracer.span('gateway', ({ context }) =>
    send(['Host', host, 'TraceParent', `00-${context.traceId}-00f067aa0ba902b7-01`, 'X-Last', 'b']),
  )
  await until(() => spans.length === 3)
  expect(received[0]!.headers['traceparent']).toBe(FOREIGN)
  const sent = spans.find(({ name, parentSpanId }) => name !== 'gateway' && parentSpanId !== undefined)!
  expect(received[1]!.headers['traceparent']).toBe(`00-${sent.context.traceId}-${sent.spanId}-01`)
  expect(received[1]!.raw.filter((name) => name.toLowerCase() === 'traceparent')).toHaveLength(1)
  expect(received[1]!.headers['x-last']).toBe('b')
})

test.each([
  ['an array', (host: string) => ['Host', host]],
  ['an array for another host', () => ['Host', 'shop.example']],
  ['the header Host of another host', () => ({ host: 'shop.example' })],
])('span and measures have the port of the request: %s', async (_name, headers) => {
  const { stats, spans, send, host } = await watched()
  await send(headers(host))
  await until(() => spans.length === 1)
  expect(spans[0]!.name).toBe(`POST ${host}`)
  expect(spans[0]!.attributes).toMatchObject({ 'http.host': host, 'http.url': `http://${host}/` })
  expect(Object.keys(rows(stats, 'http/client/duration'))).toEqual([`POST ${host} 200 ok`])
})

test.each(['refused', 'hung up'])('the port is known of a connection that is %s', async (how) => {
  const { stats, spans } = await watched()
  const dead = createServer((socket) => void socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
  await new Promise((resolve) => dead.once('listening', resolve))
  const { port } = dead.address() as AddressInfo
  if (how === 'refused') await new Promise((resolve) => dead.close(resolve))
  else onTestFinished(() => void dead.close())
  http.get({ port, host: '127.0.0.1', headers: { host: 'shop.example' } }).on('error', () => {})
  await until(() => spans.length === 1)
  expect(spans[0]!.attributes).toMatchObject({ 'http.host': `127.0.0.1:${port}`, 'http.url': `http://127.0.0.1:${port}/` })
  expect(Object.keys(rows(stats, 'http/client/duration'))).toEqual([`GET 127.0.0.1:${port} error error`])
})
