// One of the two services of the test: `front` asks `back` over HTTP. Spans go to the parent when it asks for them.
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import fastify from 'fastify'
import { AlwaysOnSampler, currentTags, MemoryExporter, TagBaggage, TagMap, Tracer, withTags } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpClient } from 'tallyscope/http-client'

const back = process.env.BACK_URL
const exporter = new MemoryExporter()
const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, baggage: new TagBaggage({ allow: ['tenant'] }) })
instrumentHttpClient({ tracer })

const app = fastify()
await app.register(tallyscopeFastify, { tracer })
app.get('/work/:n', async (request) => {
  const { n } = request.params
  await delay(Math.random() * 10)
  if (back === undefined) return { n, tenant: currentTags().get('tenant') ?? 'none', secret: currentTags().get('secret') ?? 'none' }
  return await tracer.span('in between', async () => {
    const tags = TagMap.of({ tenant: `t${n}`, secret: 'stays' })
    return await (await withTags(tags, () => fetch(`${back}/work/${n}`))).json()
  })
})
app.get('/boom', async () => {
  throw new Error('boom')
})
app.get('/slow', async (request) => {
  await new Promise((resolve) => request.raw.once('close', resolve)) // longer than any client waits
  return 'late'
})
app.post('/up', async (request) => String(request.body.length))
app.get('/stream/:bytes', (request, reply) => {
  const size = Number(request.params.bytes)
  async function* body() {
    for (let sent = 0; sent < size; sent += 1_000) {
      await delay(1)
      yield Buffer.alloc(Math.min(1_000, size - sent), 'x')
    }
  }
  return reply.send(Readable.from(body()))
})
app.get('/hijack', (_request, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/plain' })
  reply.raw.write('taken ')
  reply.raw.end('over')
})

const url = await app.listen({ port: 0, host: '127.0.0.1' })
process.on('message', () => {
  process.send(
    exporter.items.map((span) => ({
      name: span.name,
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      kind: span.kind,
      path: span.attributes['http.path'],
    })),
  )
})
process.once('disconnect', () => process.exit())
process.send({ url })
