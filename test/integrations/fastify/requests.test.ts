import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { fastifyMetricsViews } from 'tallyscope/fastify'
import { connection, counts, inFlight, rows, served, streams, sums, until } from './served.js'

const HELLO = '{"hello":"wörld"}'

async function textOf(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text()
}

/** What a handler answers when the test says so, however long a slow machine takes until then. */
function held<T>(answer: T): { readonly reply: Promise<T>; release(): void } {
  let release = (): void => {}
  const reply = new Promise<T>((resolve) => {
    release = () => resolve(answer)
  })
  return { reply, release: () => release() }
}

test('a request is counted once, by method, route template, status and outcome', async () => {
  const { stats, url, spans, app } = await served((each) => {
    each.get('/carts/:id', async () => ({ hello: 'wörld' }))
  })
  expect(await textOf(`${url}/carts/1?size=3`)).toBe(HELLO)
  expect(await textOf(`${url}/carts/2`)).toBe(HELLO)
  await until(() => spans.length === 2)
  expect(counts(stats)).toEqual({ 'GET /carts/:id 200 ok': 2 })
  expect(sums(stats, 'http/server/response_size')).toEqual({ 'GET /carts/:id 200 ok': 2 * Buffer.byteLength(HELLO) })
  expect(await inFlight(app)).toBe(0)
})

test('the span has the name of the route and the attributes of the request', async () => {
  const { url, spans, port } = await served((app) => {
    app.get('/carts/:id', async () => 'x')
  })
  await textOf(`${url}/carts/1?size=3`, { headers: { 'user-agent': 'agent-x' } })
  await until(() => spans.length === 1)
  expect(spans[0]!.name).toBe('GET /carts/:id')
  expect(spans[0]!.kind).toBe(1)
  expect(spans[0]!.status.code).toBe(0)
  expect({ ...spans[0]!.attributes }).toEqual({
    'http.host': `127.0.0.1:${port}`,
    'http.method': 'GET',
    'http.path': '/carts/1',
    'http.route': '/carts/:id',
    'http.status_code': 200,
    'http.url': `${url}/carts/1`,
    'http.user_agent': 'agent-x',
  })
})

test('a failure records name, message and stack of the error, and the status of its code', async () => {
  const { url, spans, stats } = await served((app) => {
    app.get('/boom', async () => {
      throw new TypeError('no cart')
    })
    app.get('/taken', async () => {
      throw Object.assign(new Error('taken'), { statusCode: 409 })
    })
  })
  await textOf(`${url}/boom`)
  await textOf(`${url}/taken`)
  await until(() => spans.length === 2)
  const [boom, taken] = spans
  expect(boom!.attributes).toMatchObject({ 'error.name': 'TypeError', 'error.message': 'no cart', 'http.status_code': 500 })
  expect(boom!.attributes['stacktrace']).toContain('requests.test.ts')
  expect(boom!.stackTrace!.frames[0]!.fileName).toContain('requests.test.ts')
  expect(boom!.status).toMatchObject({ code: 2, message: 'no cart' })
  expect(taken!.status).toMatchObject({ code: 2, message: 'taken' })
  expect(counts(stats)).toEqual({ 'GET /boom 500 error': 1, 'GET /taken 409 ok': 1 })
})

test('unmatched requests share one route, and unknown methods one method', async () => {
  const { url, stats, spans, port } = await served(() => {})
  for (const path of ['/a', '/b?c', '/%zz', '/d/e/f']) await textOf(`${url}${path}`)
  const { socket, text } = await connection(port)
  socket.end('PROPFIND /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n')
  await until(() => text().includes('404'))
  await until(() => Object.values(counts(stats)).reduce((sum, count) => sum + count, 0) === 5)
  expect(counts(stats)).toEqual({ 'GET unmatched 404 ok': 3, 'GET unmatched 400 ok': 1, '_OTHER unmatched 404 ok': 1 })
  expect(spans[0]!.status.name).toBe('NOT_FOUND')
  expect(spans[0]!.attributes['http.route']).toBeUndefined()
})

test('HEAD, 204 and 304 count no body bytes, even if a body is written', async () => {
  const { url, stats } = await served((app) => {
    app.get('/page', async () => 'a page')
    app.get('/none', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(204)
      reply.raw.end('nobody reads this')
    })
  })
  await textOf(`${url}/page`, { method: 'HEAD' })
  await textOf(`${url}/none`)
  await until(() => Object.keys(counts(stats)).length === 2)
  expect(sums(stats, 'http/server/response_size')).toEqual({ 'HEAD /page 200 ok': 0, 'GET /none 204 ok': 0 })
})

test('streamed and hijacked replies are counted by the bytes written', async () => {
  const { url, stats } = await served((app) => {
    app.get('/stream', (_request, reply) => reply.send(Readable.from(['ab', 'cde', Buffer.alloc(70_000)])))
    app.get('/hijack', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200)
      reply.raw.write('abc')
      reply.raw.write('ÿ', 'latin1')
      setTimeout(() => reply.raw.end('def'), 5)
    })
  })
  expect((await textOf(`${url}/stream`)).length).toBe(70_005)
  await textOf(`${url}/hijack`)
  await until(() => Object.keys(counts(stats)).length === 2)
  expect(sums(stats, 'http/server/response_size')).toEqual({ 'GET /stream 200 ok': 70_005, 'GET /hijack 200 ok': 7 })
})

test('request bytes are the received ones, with and without a length', async () => {
  const { url, stats } = await served((app) => {
    app.post('/up', async (request) => String((request.body as string).length))
  })
  const body = JSON.stringify('x'.repeat(100_000))
  const headers = { 'content-type': 'application/json' }
  expect(await textOf(`${url}/up`, { method: 'POST', headers, body })).toBe('100000')
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < body.length; at += 10_000) controller.enqueue(Buffer.from(body.slice(at, at + 10_000)))
      controller.close()
    },
  })
  expect(await textOf(`${url}/up`, { method: 'POST', headers, body: pieces, duplex: 'half' } as RequestInit)).toBe('100000')
  await until(() => counts(stats)['POST /up 200 ok'] === 2)
  expect(sums(stats, 'http/server/request_size')).toEqual({ 'POST /up 200 ok': 2 * 100_002 })
})

test('a client that disconnects during the handler is an abort, counted once, without a status', async () => {
  const late = held('late')
  const { port, stats, spans, app } = await served((each) => {
    each.get('/slow', () => late.reply)
  })
  const { socket } = await connection(port)
  socket.write('GET /slow HTTP/1.1\r\nhost: h\r\n\r\n')
  await until(async () => (await inFlight(app)) === 1)
  socket.destroy()
  await until(() => spans.length === 1)
  late.release()
  await delay(20) // for what the handler's end may bring about
  expect(counts(stats)).toEqual({ 'GET /slow  aborted': 1 })
  expect(spans.map(({ status }) => status.name)).toEqual(['CANCELLED'])
  expect(spans[0]!.attributes['http.status_code']).toBeUndefined()
  expect(await inFlight(app)).toBe(0)
})

test('a client that disconnects during its upload is an abort; the received bytes are counted', async () => {
  const { port, stats, app } = await served((each) => {
    each.post('/up', async () => 'never')
  })
  const { socket } = await connection(port)
  socket.write('POST /up HTTP/1.1\r\nhost: h\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\nhalf a body')
  await until(async () => (await inFlight(app)) === 1)
  await delay(20)
  socket.destroy()
  await until(() => counts(stats)['POST /up  aborted'] === 1)
  expect(sums(stats, 'http/server/request_size')).toEqual({ 'POST /up  aborted': 11 })
})

test('a response that the server aborts is an error', async () => {
  const { url, stats, spans } = await served((app) => {
    app.get('/broken', (_request, reply) => {
      const body = async function* () {
        yield 'begun'
        await delay(5)
        throw new Error('the source failed')
      }
      return reply.send(Readable.from(body()))
    })
  })
  await expect(textOf(`${url}/broken`)).rejects.toThrow()
  await until(() => spans.length === 1)
  expect(counts(stats)).toEqual({ 'GET /broken 200 error': 1 })
  expect(spans[0]!.status.isOk).toBe(false)
})

test('errors of serializers are failures of their requests', async () => {
  const { url, stats, spans } = await served((app) => {
    app.get(
      '/bad',
      { schema: { response: { 200: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } } } },
      async () => ({ b: 1 }),
    )
  })
  expect((await fetch(`${url}/bad`)).status).toBe(500)
  await until(() => spans.length === 1)
  expect(counts(stats)).toEqual({ 'GET /bad 500 error': 1 })
  expect(spans[0]!.attributes['error.message']).toContain('"a" is required')
})

test('informational responses are not responses', async () => {
  const { port, stats } = await served((app) => {
    app.get('/hints', async (_request, reply) => {
      reply.raw.writeEarlyHints({ link: '</style.css>; rel=preload' })
      await delay(5)
      return 'page'
    })
    app.post('/continue', async (request) => String((request.body as string).length))
  })
  const { socket, text } = await connection(port)
  socket.write('GET /hints HTTP/1.1\r\nhost: h\r\n\r\n')
  await until(() => text().endsWith('page'))
  socket.write('POST /continue HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\n')
  await until(() => text().includes('100 Continue'))
  socket.write('abc')
  await until(() => text().endsWith('\r\n3'))
  socket.destroy()
  await until(() => Object.keys(counts(stats)).length === 2)
  expect(counts(stats)).toEqual({ 'GET /hints 200 ok': 1, 'POST /continue 200 ok': 1 })
  expect(sums(stats, 'http/server/response_size')).toEqual({ 'GET /hints 200 ok': 4, 'POST /continue 200 ok': 1 })
})

test('an upgrade that bypasses the application is not counted and keeps nothing', async () => {
  const { port, stats, app, url } = await served((each) => {
    each.get('/x', async () => 'x')
    each.server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    })
  })
  const { socket, text } = await connection(port)
  socket.write('GET /x HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
  await until(() => text().includes('101'))
  socket.destroy()
  await textOf(`${url}/x`)
  await until(() => counts(stats)['GET /x 200 ok'] === 1)
  expect(await inFlight(app)).toBe(0)
})

test('requests waiting in a pipeline end with their connection', async () => {
  const late = held('late')
  const { port, stats, app } = await served((each) => {
    each.get('/slow', () => late.reply)
  })
  const { socket } = await connection(port)
  socket.write('GET /slow HTTP/1.1\r\nhost: h\r\n\r\n'.repeat(3))
  await until(async () => (await inFlight(app)) === 3)
  socket.destroy()
  await until(async () => (await inFlight(app)) === 0)
  late.release()
  expect(counts(stats)).toEqual({ 'GET /slow  aborted': 3 })
})

test('forty requests of a broken pipeline are forty aborts, without a warning', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  const late = held('late')
  const releases: (() => void)[] = []
  const waiting = { name: 'waiting', getMetrics: () => new Promise<[]>((resolve) => void releases.push(() => resolve([]))) }
  const { url, port, stats, app } = await served(
    (each) => {
      each.get('/slow', () => late.reply)
    },
    { plugin: { producers: [waiting], metrics: { maxInFlight: 40, maxWaiting: 0 } } },
  )
  const pipelines = await Promise.all(['/slow', '/metrics'].map(async (path) => ({ path, ...(await connection(port)) })))
  for (const { path, socket } of pipelines) socket.write(`GET ${path} HTTP/1.1\r\nhost: h\r\n\r\n`.repeat(40))
  await until(async () => (await inFlight(app)) === 40)
  for (const { socket } of pipelines) socket.destroy()
  await until(async () => (await inFlight(app)) < 40)
  late.release()
  await until(async () => (await inFlight(app)) === 0)
  releases.splice(0).forEach((release) => release())
  expect(counts(stats)).toEqual({ 'GET /slow  aborted': 40 })
  const scrape = fetch(`${url}/metrics`)
  await until(() => releases.length > 0)
  releases.forEach((release) => release())
  expect((await scrape).status).toBe(200)
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})

test('each pipelined request is counted with its own bytes', async () => {
  const { port, stats } = await served((app) => {
    app.get('/n/:n', async (request) => {
      const { n } = request.params as { n: string }
      await delay(10 - Number(n))
      return n.repeat(Number(n))
    })
  })
  const { socket, text } = await connection(port)
  socket.write([1, 5, 9].map((n) => `GET /n/${n} HTTP/1.1\r\nhost: h\r\n\r\n`).join(''))
  await until(() => text().endsWith('999999999'))
  await until(() => counts(stats)['GET /n/:n 200 ok'] === 3)
  expect(sums(stats, 'http/server/response_size')).toEqual({ 'GET /n/:n 200 ok': 15 })
})

test('requests of app.inject() are counted like others', async () => {
  const { app, stats, spans } = await served((each) => {
    each.post('/echo', async (request) => request.body)
  })
  const reply = await app.inject({ method: 'POST', url: '/echo', payload: { a: 1 } })
  expect(reply.body).toBe('{"a":1}')
  await until(() => spans.length === 1)
  expect(counts(stats)).toEqual({ 'POST /echo 200 ok': 1 })
  expect(sums(stats, 'http/server/response_size')).toEqual({ 'POST /echo 200 ok': 7 })
})

test('a request of app.inject() whose caller aborts its signal is an abort', async () => {
  const { app, stats, spans } = await served((each) => {
    each.get('/never', () => new Promise(() => {}))
  })
  const caller = new AbortController()
  const reply = app.inject({ url: '/never', signal: caller.signal })
  await until(async () => (await inFlight(app)) === 1)
  caller.abort()
  await expect(reply).rejects.toThrow('aborted')
  await until(() => spans.length === 1)
  expect([counts(stats), spans[0]!.status.name]).toEqual([{ 'GET /never  aborted': 1 }, 'CANCELLED'])
})

test('a timeout of the handler is an error with its status', async () => {
  const { url, stats } = await served(
    (app) => {
      app.get('/hang', async () => {
        await delay(200)
        return 'x'
      })
    },
    { fastify: { handlerTimeout: 20 } },
  )
  expect((await fetch(`${url}/hang`)).status).toBe(503)
  await until(() => counts(stats)['GET /hang 503 error'] === 1)
})

test('requests over HTTP/2 are counted once, aborts included', async () => {
  const { connect } = await import('node:http2')
  const late = held('late')
  const { port, stats, app, spans } = await served(
    (each) => {
      each.get('/carts/:id', async () => ({ hello: 'wörld' }))
      each.get('/slow', () => late.reply)
      each.post('/up', async (request) => String((request.body as string).length))
    },
    { fastify: { http2: true } as never },
  )
  const session = connect(`http://127.0.0.1:${port}`)
  const get = session.request({ ':path': '/carts/1' })
  get.resume()
  await once(get, 'close')
  const post = session.request({ ':path': '/up', ':method': 'POST', 'content-type': 'text/plain' })
  post.end('abcde')
  post.resume()
  await once(post, 'close')
  const slow = session.request({ ':path': '/slow' })
  slow.on('error', () => {})
  await until(async () => (await inFlight(app)) === 1)
  slow.close(8)
  await until(() => spans.length === 3)
  late.release()
  session.close()
  expect(counts(stats)).toEqual({ 'GET /carts/:id 200 ok': 1, 'POST /up 200 ok': 1, 'GET /slow  aborted': 1 })
  expect(sums(stats, 'http/server/response_size')).toMatchObject({ 'GET /carts/:id 200 ok': 18, 'POST /up 200 ok': 1 })
  expect(sums(stats, 'http/server/request_size')).toMatchObject({ 'POST /up 200 ok': 5 })
})

test.each(['events', 'hijacked'])('a stream has no latency, and a client that ends it is not an error: %s', async (kind) => {
  const { port, stats, spans } = await served((app) => {
    app.get('/events', (_request, reply) => {
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.write('data: 1\n\n')
    })
    app.get('/hijacked', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200)
      reply.raw.write('1')
    })
  })
  const { socket, text } = await connection(port)
  socket.write(`GET /${kind} HTTP/1.1\r\nhost: h\r\n\r\n`)
  await until(() => text().includes('200 OK'))
  socket.destroy()
  await until(() => spans.length === 1)
  expect(streams(stats)).toEqual({ [`GET /${kind} 200 ok`]: 1 })
  expect(counts(stats)).toEqual({})
  expect(spans[0]!.status.isOk).toBe(true)
})

test('events that are sent at once are a stream too', async () => {
  const { url, stats } = await served((app) => {
    app.get('/reply', async (_request, reply) => reply.type('text/event-stream').send('data: 1\n\n'))
    app.get('/raw', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: 1\n\n')
    })
  })
  for (const path of ['/reply', '/raw']) await (await fetch(url + path)).text()
  await until(() => Object.keys(streams(stats)).length === 2)
  expect(streams(stats)).toEqual({ 'GET /reply 200 ok': 1, 'GET /raw 200 ok': 1 })
  expect(counts(stats)).toEqual({})
})

test('tags are read from the request when its response closes, with at most 100 values each', async () => {
  const requestTags = {
    tenant: (request: FastifyRequest) => request.headers['x-tenant'],
    broken: () => {
      throw new Error('no')
    },
  }
  const { app, stats } = await served(
    (each) => {
      each.get('/a', { config: { tallyscope: { tags: { kind: (request) => request.headers['x-kind'] } } } }, async () => 'a')
    },
    { plugin: { requestTags, statusClasses: true, bodySizes: false } },
  )
  for (let n = 0; n < 103; n++) await app.inject({ path: '/a', headers: { 'x-tenant': `t${n}` } })
  await app.inject({ path: '/none', headers: { 'x-tenant': 't1' } })
  const found = rows(stats, 'http/server/duration')
  expect(found['GET /a 2xx ok t1 ']).toMatchObject({ count: 1 })
  expect(found['GET /a 2xx ok other ']).toMatchObject({ count: 3 })
  expect(found['GET unmatched 4xx ok t1 ']).toMatchObject({ count: 1 })
  expect(stats.viewManager.getView('http/server/response_size')).toBeUndefined()
})

test('the views of fastify-metrics have its names and labels', async () => {
  const { app, stats } = await served((each) => each.get('/carts/:id', async () => 'a'), { plugin: { views: fastifyMetricsViews } })
  await app.inject('/carts/1')
  await app.inject('/nowhere')
  expect(Object.keys(rows(stats, 'http_request_duration_seconds'))).toEqual(['GET /carts/:id 200', 'GET __unknown__ 404'])
  const page = (await app.inject('/metrics')).body
  expect(page).toContain('http_request_duration_seconds_bucket{method="GET",route="/carts/:id",status_code="200",le="0.05"} 1')
  expect(page).toMatch(/^http_request_summary_seconds\{method="GET",route="\/carts\/:id",status_code="200",quantile="0.99"\} /m)
})

test('no attribute contains the query or the user and password of a target', async () => {
  const { port, spans } = await served((app) => app.get('/a', async () => 'a'))
  const { socket, text } = await connection(port)
  socket.write('GET http://user:pa55@h/a?token=s3cret HTTP/1.1\r\nhost: user:pa55@h\r\n\r\n')
  await until(() => text().includes('200') || text().includes('404'))
  socket.destroy()
  await until(() => spans.length === 1)
  expect(spans[0]!.attributes['http.url']).toBe('http://h/a')
  expect(Object.values(spans[0]!.attributes).join(' ')).not.toMatch(/pa55|s3cret/)
})
