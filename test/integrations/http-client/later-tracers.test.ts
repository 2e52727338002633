import { once } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, Tracer } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'

const FOREIGN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const CLIENTS: Record<string, (url: string) => Promise<unknown>> = {
  fetch: async (url) => (await fetch(url)).text(),
  undici: async (url) => (await request(url)).body.text(),
}

type Subscriber = (message: unknown) => void

/** A tracer that adds its context to requests of fetch and undici, as those of OpenTelemetry and New Relic do. */
function foreignTracer(): void {
  const add: Subscriber = (message) => {
    const { request: sent } = message as { request: { addHeader(name: string, value: string): void } }
    sent.addHeader('traceparent', FOREIGN)
    sent.addHeader('tracestate', 'theirs=1')
    sent.addHeader('baggage', 'theirs=1')
    sent.addHeader('x-theirs', '1')
  }
  subscribe('undici:request:create', add)
  onTestFinished(() => void unsubscribe('undici:request:create', add))
}

function instrumented(tracer: Tracer | false): void {
  const instrumentation = instrumentHttpClient({ tracer })
  onTestFinished(() => instrumentation.stop())
}

/** The values of these headers that a server receives. */
async function receivedFrom(send: (url: string) => Promise<unknown>): Promise<Record<string, readonly string[]>> {
  let received: NodeJS.Dict<string[]> = {}
  const server = createServer((incoming, response) => {
    received = incoming.headersDistinct
    response.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const names = ['traceparent', 'tracestate', 'baggage', 'x-theirs']
  return Object.fromEntries(names.map((name) => [name, received[name] ?? []]))
}

test.each(Object.keys(CLIENTS))('%s: a tracer that was started later adds no second trace', async (client) => {
  const exporter = new MemoryExporter()
  instrumented(new Tracer({ sampler: new AlwaysOnSampler(), exporter }))
  foreignTracer()
  const received = await receivedFrom(CLIENTS[client]!)
  const [span] = exporter.items
  expect(received).toEqual({
    traceparent: [`00-${span!.traceId}-${span!.spanId}-01`],
    tracestate: [],
    baggage: ['theirs=1'],
    'x-theirs': ['1'],
  })
})

test.each(Object.keys(CLIENTS))('%s: a tracer that was started earlier keeps the trace that it has written', async (client) => {
  foreignTracer()
  instrumented(new Tracer({ sampler: new AlwaysOnSampler(), exporter: new MemoryExporter() }))
  expect(await receivedFrom(CLIENTS[client]!)).toMatchObject({ traceparent: [FOREIGN], tracestate: ['theirs=1'] })
})

test.each(Object.keys(CLIENTS))('%s: without spans, the trace of another tracer is sent', async (client) => {
  instrumented(false)
  foreignTracer()
  expect(await receivedFrom(CLIENTS[client]!)).toMatchObject({ traceparent: [FOREIGN], tracestate: ['theirs=1'] })
})
