import fastify from 'fastify'
import { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { AlwaysOffSampler, count, MetricRegistry, ParentBasedSampler, Stats } from 'tallyscope'
import { httpServerViews, openCensusHttpServerViews, tallyscopeFastify } from 'tallyscope/fastify'
import { ManualClock } from 'tallyscope/testing'
import { connection, counts, inFlight, rows, served, streams, until } from './served.js'

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers })
  await response.text()
  return response.status
}

test('excluded paths and hosts get neither span nor measurement', async () => {
  const { url, stats, spans, port, app } = await served(
    (each) => {
      for (const path of ['/_ah/health', '/health', '/health/too', '/healthy', '/cart', '/internal-x']) each.get(path, async () => 'x')
    },
    { plugin: { ignorePaths: ['_ah/health', '/health', /^\/internal/], ignoreHosts: ['probe:1'] } },
  )
  for (const path of ['_ah/health', 'health', 'health?x', 'health/too', 'internal-x', 'cart', 'cart?x=/internal', 'healthy']) {
    expect(await statusOf(`${url}/${path}`)).toBe(200)
  }
  const { socket, text } = await connection(port)
  socket.write('GET /cart HTTP/1.1\r\nhost: probe:1\r\n\r\n')
  await until(() => text().endsWith('x'))
  socket.destroy()
  await until(() => spans.length === 3)
  expect(counts(stats)).toEqual({ 'GET /cart 200 ok': 2, 'GET /healthy 200 ok': 1 })
  expect(await inFlight(app)).toBe(0)
})

test('the health check of App Engine is excluded by default', async () => {
  const routes = (app: import('fastify').FastifyInstance) => {
    app.get('/_ah/health', async () => 'x')
  }
  const usual = await served(routes)
  await statusOf(`${usual.url}/_ah/health`)
  const listed = await served(routes, { plugin: { excludelistPaths: [] } })
  await statusOf(`${listed.url}/_ah/health`)
  await until(() => listed.spans.length === 1)
  expect(counts(usual.stats)).toEqual({})
  expect(counts(listed.stats)).toEqual({ 'GET /_ah/health 200 ok': 1 })
})

test('a route can be excluded, renamed and have tags', async () => {
  const { url, stats, spans, app } = await served((each) => {
    each.get('/out', { config: { tallyscope: false } }, async () => 'x')
    each.get('/old', { config: { disableMetrics: true } as object }, async () => 'x')
    each.get('/named/*', { config: { tallyscope: { name: 'files', tags: { team: 'web' } } } }, async () => 'x')
    each.get('/stats-id', { config: { statsId: 'seven' } as object }, async () => 'x')
    const { stats: own } = each.tallyscope
    const measure = own.getMeasure('http/server/duration')!
    own.viewManager.registerView({ name: 'by team', measure, tagKeys: ['team'], aggregation: count() })
    own.viewManager.registerView({ name: 'handled', measure: own.measure('handled'), tagKeys: ['team'], aggregation: count() })
  })
  app.tallyscope.stats.record(app.tallyscope.stats.getMeasure('handled')!, 1, {})
  for (const path of ['out', 'old', 'named/a', 'stats-id']) await statusOf(`${url}/${path}`)
  await until(() => spans.length === 2)
  expect(counts(stats)).toEqual({ 'GET files 200 ok': 1, 'GET seven 200 ok': 1 })
  expect(spans.map(({ name }) => name)).toEqual(['GET files', 'GET seven'])
  expect(stats.viewManager.getView('by team')!.rows.map(({ tagValues }) => tagValues['team'])).toEqual(expect.arrayContaining(['web']))
  expect(await inFlight(app)).toBe(0)
})

test('the OpenCensus views are recorded beside ours, in milliseconds', async () => {
  const { url, stats, spans } = await served(
    (app) => {
      app.get('/cart', async () => 'seven77')
    },
    { plugin: { views: [...httpServerViews, ...openCensusHttpServerViews] } },
  )
  await statusOf(`${url}/cart`)
  await until(() => spans.length === 1)
  const key = 'GET /cart 200'
  const ours = rows(stats, 'http/server/duration')[`${key} ok`]!
  const theirs = rows(stats, 'opencensus.io/http/server/server_latency')[key]!
  expect(theirs.count).toBe(1)
  expect(theirs.sum).toBeCloseTo(ours.sum * 1_000, 6)
  expect(rows(stats, 'opencensus.io/http/server/sent_bytes')[key]).toEqual({ count: 1, sum: 7 })
  expect(rows(stats, 'opencensus.io/http/server/received_bytes')[key]).toEqual({ count: 1, sum: 0 })
  expect(stats.viewManager.getView('opencensus.io/http/server/completed_count')!.rows[0]!.data).toEqual({ kind: 'count', value: 1 })
})

test('/metrics is a route of the instance whose own requests are not measured', async () => {
  const { url, stats } = await served((app) => {
    app.get('/cart', async () => 'x')
  })
  await statusOf(`${url}/cart`)
  await until(() => Object.keys(counts(stats)).length === 1)
  const first = await fetch(`${url}/metrics`)
  expect(first.headers.get('content-type')).toContain('version=0.0.4')
  const text = await first.text()
  expect(text).toContain('http_server_duration_seconds_count{method="GET",route="/cart",status="200",outcome="ok"} 1')
  expect(text).toContain('http_server_in_flight 0')
  expect(await (await fetch(`${url}/metrics?name[]=http_server_in_flight`)).text()).not.toContain('duration')
  const openMetrics = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } })
  expect(await openMetrics.text()).toContain('# EOF')
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-type')]).toEqual([200, first.headers.get('content-type')])
  expect(counts(stats)).toEqual({ 'GET /cart 200 ok': 1 })
})

test('a response to HEAD does not announce another length than that to GET', async () => {
  for (const metricsFallback of [false, true]) {
    const { url } = await served(() => {}, { plugin: { metricsFallback } })
    const { status, headers } = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([status, headers.get('content-length')]).toEqual([200, null])
  }
})

test.each([false, true])('a scrape whose body never ends keeps no connection, with metricsFallback %s', async (metricsFallback) => {
  const { port } = await served(() => {}, { plugin: { metricsFallback } })
  for (const body of ['content-length: 1000', 'transfer-encoding: chunked']) {
    const { socket, text } = await connection(port)
    socket.write(`GET /metrics HTTP/1.1\r\nhost: h\r\n${body}\r\n\r\n`)
    await until(() => socket.closed)
    expect(text()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*http_server_in_flight 0/)
  }
})

test('hooks of the application and of the route guard the metrics', async () => {
  const { url } = await served((app) => {
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization !== 'let me in') return await reply.code(401).send('no')
      return undefined
    })
  })
  expect(await statusOf(`${url}/metrics`)).toBe(401)
  expect(await statusOf(`${url}/metrics`, { authorization: 'let me in' })).toBe(200)
  const routed = await served(() => {}, {
    plugin: { metricsRoute: { onRequest: async (_request, reply) => await reply.code(403).send('no') } },
  })
  expect(await statusOf(`${routed.url}/metrics`)).toBe(403)
  const token = await served(() => {}, { plugin: { metrics: { bearerToken: 'secret' } } })
  expect(await statusOf(`${token.url}/metrics`)).toBe(401)
  expect(await statusOf(`${token.url}/metrics`, { authorization: 'Bearer secret' })).toBe(200)
})

test('the metrics are under the prefix of the instance, at another path, or disabled', async () => {
  const moved = await served(() => {}, { plugin: { metricsPath: '/internal/m' } })
  expect([await statusOf(`${moved.url}/internal/m`), await statusOf(`${moved.url}/metrics`)]).toEqual([200, 404])
  const none = await served(() => {}, { plugin: { metricsPath: false } })
  expect(await statusOf(`${none.url}/metrics`)).toBe(404)

  const app = fastify()
  const stats = new Stats()
  await app.register(
    async (child) => {
      await child.register(tallyscopeFastify, { stats, tracer: false })
      child.get('/in', async () => 'x')
    },
    { prefix: '/api' },
  )
  app.get('/out', async () => 'x')
  for (const path of ['/api/in', '/out', '/api/metrics', '/metrics']) await app.inject(path)
  expect((await app.inject('/api/metrics')).statusCode).toBe(200)
  expect(counts(stats)).toEqual({ 'GET /api/in 200 ok': 1 })
  await app.close()
})

test('with metricsFallback the plugin serves the metrics only if no route matches', async () => {
  const plugin = { metricsWhereUnrouted: true }
  const free = await served(() => {}, { plugin })
  expect(await (await fetch(`${free.url}/metrics`)).text()).toContain('http_server_in_flight 0')
  expect(counts(free.stats)).toEqual({})
  const taken = await served(
    (app) => {
      app.get('/metrics', async () => 'mine')
    },
    { plugin },
  )
  expect(await (await fetch(`${taken.url}/metrics`)).text()).toBe('mine')
})

test('with metricsFallback a child instance serves the metrics below its prefix after setNotFoundHandler()', async () => {
  const app = fastify()
  await app.register(
    async (child) => {
      await child.register(tallyscopeFastify, { stats: new Stats(), metricsFallback: true })
      Reflect.apply(child.setNotFoundHandler, child, []) // without arguments, which its types lack
      child.addHook('onRequest', async (request, reply) =>
        request.headers.authorization === 'yes' ? undefined : reply.code(401).send('no'),
      )
    },
    { prefix: '/api' },
  )
  const statuses = ['/metrics', '/api/metrics', '/api/other'].map(async (path) => {
    const { statusCode } = await app.inject({ path, headers: { authorization: 'yes' } })
    return statusCode
  })
  expect(await Promise.all(statuses)).toEqual([404, 200, 404])
  expect((await app.inject('/api/metrics')).statusCode).toBe(401)
  await app.close()
})

test('a route of the application at the path of the metrics is an error of the start, and does not end the process', async () => {
  const app = fastify()
  app.get('/metrics', async () => 'mine')
  app.register(tallyscopeFastify, { stats: new Stats() })
  await expect(app.ready()).rejects.toMatchObject({ code: 'FST_ERR_DUPLICATED_ROUTE' })
})

test('the producers can be served elsewhere, and the route can have additional producers', async () => {
  const more = new MetricRegistry()
  more.gauge('queue/depth').set(7)
  const { url, app } = await served(() => {}, { plugin: { producers: [more] } })
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('queue_depth 7')
  expect(app.tallyscope.producers).toEqual([app.tallyscope.stats, app.tallyscope.registry])
})

test('servers of one engine add up their requests in flight', async () => {
  const stats = new Stats()
  const apps = [fastify(), fastify()]
  const bound = await Promise.all(
    apps.map(async (app) => {
      await app.register(tallyscopeFastify, { stats, tracer: false })
      let release = (): void => {}
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      app.get('/wait', async () => await gate)
      return { app, release, reply: app.inject('/wait') }
    }),
  )
  await until(async () => (await inFlight(apps[0]!)) === 2)
  expect(apps[0]!.tallyscope.registry).toBe(apps[1]!.tallyscope.registry)
  for (const { release } of bound) release()
  await Promise.all(bound.map(async ({ reply }) => await reply))
  expect(await inFlight(apps[0]!)).toBe(0)
})

test('a second registration is ignored', async () => {
  const { app, stats, url } = await served(async (each) => {
    await each.register(tallyscopeFastify, { stats: new Stats() })
    each.get('/x', async () => 'x')
  }, {})
  expect(app.tallyscope.stats).toBe(stats)
  await statusOf(`${url}/x`)
  await until(() => counts(stats)['GET /x 200 ok'] === 1)
})

test('an upgraded connection of a route counts once, as 101, when it ends', async () => {
  const { port, stats, spans, app } = await served((each) => {
    each.get('/socket', (request, reply) => {
      reply.hijack()
      request.raw.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    })
    // The way of @fastify/websocket.
    each.server.on('upgrade', (request, socket) => {
      const response = new ServerResponse(request)
      response.assignSocket(socket as import('node:net').Socket)
      socket.resume().on('end', () => socket.end())
      each.routing(request, response)
    })
  })
  const { socket, text } = await connection(port)
  socket.write('GET /socket HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
  await until(() => text().includes('101'))
  socket.destroy()
  await until(() => spans.length === 1)
  expect(streams(stats)).toEqual({ 'GET /socket 101 ok': 1 })
  expect(counts(stats)).toEqual({})
  expect(spans[0]!.status.isOk).toBe(true)
  expect(await inFlight(app)).toBe(0)
})

test.each([
  ['ten at once, by default', {}, {}, 10],
  ['all, if the tracer trusts its callers', { untrusted: false }, {}, 50],
  ['all, if the plugin trusts its callers', {}, { publicEndpoint: false }, 50],
  ['none, at a public endpoint', { untrusted: true }, {}, 0],
])('of 50 requests that callers sample, these are sampled: %s', async (_, tracer, plugin, sampled) => {
  const clock = new ManualClock()
  const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() })
  const { app, spans } = await served((each) => each.get('/', async () => 'x'), {
    tracer: { sampler, ...tracer },
    plugin: { clock, ...plugin },
  })
  for (let i = 0; i < 50; i++) {
    await app.inject({ url: '/', headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } })
  }
  expect(spans).toHaveLength(sampled)
})
