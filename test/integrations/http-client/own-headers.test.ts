import { once } from 'node:events'
import http, { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request as undiciRequest } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, B3Propagator, CompositePropagator, Stats, TagBaggage, TraceContextPropagator, Tracer, withTags } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'

type Send = (url: string, headers: Record<string, string>) => Promise<unknown>

const ended = (response: http.IncomingMessage): Promise<unknown> => once(response.resume(), 'end')
const WAYS: Readonly<Record<string, Send>> = {
  fetch: async (url, headers) => (await fetch(url, { headers })).text(),
  undici: async (url, headers) => (await undiciRequest(url, { headers })).body.text(),
  'node:http': async (url, headers) => {
    const [response] = (await once(http.get(url, { headers }), 'response')) as [http.IncomingMessage]
    return await ended(response)
  },
  'node:http, headers in an array': async (url, headers) => {
    const pairs = Object.entries({ host: new URL(url).host, ...headers }).flat()
    const [response] = (await once(http.get(url, { headers: pairs as never }), 'response')) as [http.IncomingMessage]
    return await ended(response)
  },
  'node:http, headers set afterwards': async (url, headers) => {
    const request = http.request(url)
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
    request.end()
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    return await ended(response)
  },
}

const FOREIGN = '0af7651916cd43dd8448eb211c80319c'

/** The headers that a server receives from a request with these headers, in a span and with the tag `tenant`. */
async function received(send: Send, headers: (traceId: string) => Record<string, string>): Promise<IncomingHttpHeaders> {
  const stats = new Stats()
  const propagator = new CompositePropagator([new TraceContextPropagator(), new B3Propagator()])
  const baggage = new TagBaggage({ allow: ['tenant'] })
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter: 'none', propagator, baggage, stats })
  const client = instrumentHttpClient({ tracer, stats })
  let found: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    found = request.headers
    response.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    client.stop()
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await withTags({ tenant: 'acme' }, () => tracer.span('s', (span) => send(url, headers(span.traceId))))
  return found
}

const traceHeaders = (found: IncomingHttpHeaders): string[] =>
  Object.keys(found).filter((name) => /^(b3|x-b3-.*|traceparent|tracestate)$/.test(name))

test.each(Object.entries(WAYS))('a header b3 of another trace stays, and is the only context: %s', async (_name, send) => {
  const b3 = `${FOREIGN}-b7ad6b7169203331-1`
  const found = await received(send, () => ({ b3 }))
  expect([found['b3'], traceHeaders(found)]).toEqual([b3, ['b3']])
})

test.each(Object.entries(WAYS))('all headers of B3 that a gateway forwards are replaced: %s', async (_name, send) => {
  const found = await received(send, (traceId) => ({
    b3: `${traceId}-b7ad6b7169203331-1-00f067aa0ba902b7`,
    'x-b3-parentspanid': '00f067aa0ba902b7',
    'x-b3-flags': '1',
  }))
  expect(traceHeaders(found).sort()).toEqual(['traceparent', 'x-b3-sampled', 'x-b3-spanid', 'x-b3-traceid'])
})

test.each(Object.entries(WAYS))('tags are added to the baggage of the program: %s', async (_name, send) => {
  const found = await received(send, () => ({ baggage: 'flag=on;p=1, tenant=own' }))
  expect(found['baggage']).toBe('flag=on;p=1,tenant=acme')
})

test.each(Object.entries(WAYS))('beside another trace the baggage of the program stays as it is: %s', async (_name, send) => {
  for (const order of [0, 1]) {
    const own: [string, string][] = [
      ['baggage', 'flag=on'],
      ['traceparent', `00-${FOREIGN}-b7ad6b7169203331-01`],
    ]
    const found = await received(send, () => Object.fromEntries(order === 0 ? own : own.reverse()))
    expect([found['baggage'], traceHeaders(found)]).toEqual(['flag=on', ['traceparent']])
  }
})
