import http from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { count, currentTags, ProbabilitySampler, StatusCode, TagBaggage, type Tracer } from 'tallyscope'
import { connection, counts, served, until } from './served.js'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN_ID = '00f067aa0ba902b7'
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`
const allowTenant = { baggage: new TagBaggage({ allow: ['tenant'] }) }

const whatIsCurrent = (tracer: Tracer) => ({
  span: tracer.currentSpan()?.name,
  trace: tracer.currentSpan()?.traceId,
  tenant: currentTags().get('tenant'),
  secret: currentTags().get('secret'),
})

test("the caller's trace is continued, and its allowed tags are used", async () => {
  const { url, spans } = await served(
    (app, tracer) => {
      app.get('/who', async () => {
        await delay(1)
        return whatIsCurrent(tracer)
      })
    },
    { tracer: allowTenant },
  )
  const headers = { traceparent: TRACEPARENT, baggage: 'tenant=acme,secret=x' }
  const seen = await (await fetch(`${url}/who`, { headers })).json()
  expect(seen).toEqual({ span: 'GET /who', trace: TRACE_ID, tenant: 'acme' })
  await until(() => spans.length === 1)
  expect(spans[0]!.parentSpanId).toBe(SPAN_ID)
})

test('views can have propagated tags as tag keys', async () => {
  const { url, stats } = await served(
    (app) => {
      app.get('/who', async () => 'x')
      const measure = stats_(app).getMeasure('http/server/duration')!
      stats_(app).viewManager.registerView({ name: 'by tenant', measure, tagKeys: ['tenant', 'status'], aggregation: count() })
    },
    { tracer: allowTenant },
  )
  await (await fetch(`${url}/who`, { headers: { baggage: 'tenant=acme' } })).text()
  await (await fetch(`${url}/who`)).text()
  await until(() => counts(stats)['GET /who 200 ok'] === 2)
  const tenants = stats.viewManager.getView('by tenant')!.rows.map(({ tagValues }) => ({ ...tagValues }))
  expect(tenants).toEqual(
    expect.arrayContaining([
      { tenant: 'acme', status: '200' },
      { tenant: undefined, status: '200' },
    ]),
  )
})

test('untrusted traces are linked to and their tags are dropped', async () => {
  const { url, spans } = await served(
    (app, tracer) => {
      app.get('/who', async () => whatIsCurrent(tracer))
    },
    { tracer: allowTenant, plugin: { untrusted: true } },
  )
  const headers = { traceparent: TRACEPARENT, baggage: 'tenant=acme' }
  const seen = (await (await fetch(`${url}/who`, { headers })).json()) as { trace: string; tenant?: string }
  expect(seen.tenant).toBeUndefined()
  await until(() => spans.length === 1)
  expect(seen.trace).not.toBe(TRACE_ID)
  expect(spans[0]!.parentSpanId).toBeUndefined()
  expect(spans[0]!.links[0]).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID })
})

test('200 concurrent requests each have their own parent and tags, over awaits and body parsing', async () => {
  const { url, spans } = await served(
    (app, tracer) => {
      app.addHook('preHandler', async () => {
        await delay(Math.random() * 5)
      })
      app.post('/who', async (request) => {
        await delay(Math.random() * 20)
        return await tracer.span('child', async () => {
          await delay(Math.random() * 20)
          return { ...whatIsCurrent(tracer), server: request.span?.spanId, body: request.body }
        })
      })
    },
    { tracer: allowTenant },
  )
  const ask = async (n: number) => {
    const traceId = n.toString(16).padStart(32, '0')
    const headers = { 'content-type': 'application/json', traceparent: `00-${traceId}-${SPAN_ID}-01`, baggage: `tenant=t${n}` }
    const seen = (await (await fetch(`${url}/who`, { method: 'POST', headers, body: String(n) })).json()) as Record<string, unknown>
    expect(seen).toMatchObject({ span: 'child', trace: traceId, tenant: `t${n}`, body: n })
    return { traceId, server: seen['server'] as string }
  }
  const asked = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n + 1)))
  await until(() => spans.length === 400)
  for (const { traceId, server } of asked) {
    const [child, parent] = spans.filter((span) => span.traceId === traceId)
    expect([child!.name, child!.parentSpanId, parent!.spanId, parent!.parentSpanId]).toEqual(['child', server, server, SPAN_ID])
  }
})

test('requests on a kept-alive connection do not inherit context from each other', async () => {
  const { url, port } = await served(
    (app, tracer) => {
      app.get('/span', async () => whatIsCurrent(tracer))
      app.post('/span', async () => whatIsCurrent(tracer))
      app.get('/left', async () => {
        tracer.startSpan('left open') // and never ended
        return whatIsCurrent(tracer)
      })
      app.get('/none', { config: { tallyscope: false } }, async () => whatIsCurrent(tracer))
      app.get('/_ah/health', async () => whatIsCurrent(tracer))
      app.post('/none', { config: { tallyscope: false } }, async () => whatIsCurrent(tracer))
      app.server.on('upgrade', (_request, socket) => socket.end(JSON.stringify(whatIsCurrent(tracer))))
    },
    { tracer: allowTenant },
  )
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const ports = new Set<number>()
  const ask = (method: string, path: string, headers = {}) =>
    new Promise<object>((resolve, reject) => {
      const request = http.request(`${url}${path}`, { method, agent, headers }, (response) => {
        ports.add(response.socket.localPort!)
        let text = ''
        response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(JSON.parse(text) as object))
      })
      request.on('error', reject).end(method === 'POST' ? '"body"' : undefined)
    })
  const json = { 'content-type': 'application/json' }
  const headers = { traceparent: TRACEPARENT, baggage: 'tenant=acme' }
  for (const [method, path] of [
    ['GET', '/span'],
    ['POST', '/span'],
    ['GET', '/left'],
  ] as const) {
    expect(await ask(method, path, { ...headers, ...(method === 'POST' && json) })).toMatchObject({ tenant: 'acme', trace: TRACE_ID })
    expect(await ask('GET', '/none')).toEqual({})
    expect(await ask('POST', '/none', json)).toEqual({})
    expect(await ask('GET', '/_ah/health')).toEqual({})
    const next = (await ask('GET', '/span')) as { trace: string; tenant?: string; span: string }
    expect(next).toMatchObject({ span: 'GET /span' })
    expect(next.trace).not.toBe(TRACE_ID)
    expect(next.tenant).toBeUndefined()
  }
  expect(ports.size).toBe(1)
  agent.destroy()
  const { socket, text } = await connection(port)
  socket.write(`GET /span HTTP/1.1\r\nhost: h\r\ntraceparent: ${TRACEPARENT}\r\n\r\n`)
  await until(() => text().includes(TRACE_ID))
  socket.write('GET /span HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
  await until(() => text().endsWith('{}'))
})

test("the context of the server's start is not the parent of its requests", async () => {
  const { url, spans, tracer } = await served((app, each) => {
    app.get('/span', async () => whatIsCurrent(each))
  })
  const outer = tracer.startSpan('boot')
  await (await fetch(`${url}/span`)).text()
  outer.end()
  await until(() => spans.length === 2)
  expect(spans.find(({ name }) => name === 'GET /span')!.parentSpanId).toBeUndefined()
})

test('hooks, error handlers and serializers run in the span of the request', async () => {
  const seen: string[] = []
  const { url } = await served((app, tracer) => {
    const note = (where: string) => seen.push(`${where}: ${tracer.currentSpan()?.name}`)
    app.addHook('onRequest', async () => void note('onRequest'))
    app.addHook('preParsing', async () => void note('preParsing'))
    app.addHook('preValidation', async () => void note('preValidation'))
    app.addHook('preSerialization', async (_request, _reply, payload) => {
      note('preSerialization')
      return payload
    })
    app.addHook('onSend', async () => void note('onSend'))
    app.addHook('onResponse', async () => void note('onResponse'))
    app.setErrorHandler(async (_error, _request, reply) => {
      note('error handler')
      return await reply.code(400).send({ refused: true })
    })
    app.post('/ok', async () => ({ fine: true }))
    app.post('/bad', async () => {
      throw new Error('bad')
    })
  })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
  await (await fetch(`${url}/ok`, init)).text()
  await until(() => seen.length === 6)
  expect(seen).toEqual(
    ['onRequest', 'preParsing', 'preValidation', 'preSerialization', 'onSend', 'onResponse'].map((hook) => `${hook}: POST /ok`),
  )
  seen.length = 0
  await (await fetch(`${url}/bad`, init)).text()
  await until(() => seen.length === 7)
  expect(seen).toContain('error handler: POST /bad')
})

test('without a tracer no context is entered and requests are still counted', async () => {
  const { url, stats, spans } = await served(
    (app, tracer) => {
      app.get('/who', async (request) => ({ ...whatIsCurrent(tracer), span: request.span ?? 'none' }))
    },
    { plugin: { tracer: false } },
  )
  expect(await (await fetch(`${url}/who`, { headers: { traceparent: TRACEPARENT } })).json()).toEqual({ span: 'none' })
  await until(() => counts(stats)['GET /who 200 ok'] === 1)
  expect(spans).toEqual([])
})

test('unsampled spans are current too, so that outgoing calls are not sampled either', async () => {
  const { url, spans } = await served(
    (app, tracer) => {
      app.get('/who', async () => tracer.inject({}))
    },
    { tracer: { sampler: new ProbabilitySampler(0) } },
  )
  const { traceparent } = (await (await fetch(`${url}/who`)).json()) as { traceparent: string }
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  expect(spans).toEqual([])
})

test('a request span that the application keeps ends with its request, and is the exemplar of its latency', async () => {
  const { url, stats, spans } = await served((app) => {
    app.get('/x', async () => 'x')
  })
  await (await fetch(`${url}/x`)).text()
  await until(() => spans.length === 1)
  const { data } = stats.viewManager.getView('http/server/duration')!.rows[0]!
  const exemplars = (data as { exemplars?: readonly ({ attachments: object } | undefined)[] }).exemplars
  expect(JSON.stringify(exemplars ?? data)).toContain(spans[0]!.traceId)
})

function stats_(app: { tallyscope: { stats: import('tallyscope').Stats } }) {
  return app.tallyscope.stats
}

test('hooks after the response run in the span of their request over HTTP/2 too', async () => {
  const seen: (string | undefined)[] = []
  const { port } = await served(
    (app, tracer) => {
      app.addHook('onResponse', async () => void seen.push(tracer.currentSpan()?.name))
      app.get('/a', async () => 'a')
      app.get('/b', async () => 'b')
    },
    { fastify: { http2: true } as never },
  )
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  onTestFinished(() => session.close())
  for (const path of ['/a', '/b']) session.request({ ':path': path }).resume()
  await until(() => seen.length === 2)
  expect(seen.sort()).toEqual(['GET /a', 'GET /b'])
})

test('a status that the application sets is kept, whatever the status of the response', async () => {
  const { url, spans } = await served((app) => {
    app.get('/graphql', async (request) => {
      request.span!.setStatus(StatusCode.INTERNAL, 'the field failed')
      return { errors: 1 }
    })
    app.get('/limited', async (request, reply) => {
      request.span!.setStatus(StatusCode.RESOURCE_EXHAUSTED, 'too many')
      return await reply.code(503).send('later')
    })
    app.get('/handled', { errorHandler: (_error, _request, reply) => void reply.code(200).send('fine') }, async () => {
      throw new Error('no cart')
    })
  })
  for (const path of ['/graphql', '/limited', '/handled']) await (await fetch(`${url}${path}`)).text()
  await until(() => spans.length === 3)
  expect(spans.map(({ status }) => [status.name, status.message])).toEqual([
    ['INTERNAL', 'the field failed'],
    ['RESOURCE_EXHAUSTED', 'too many'],
    ['OK', undefined],
  ])
})
