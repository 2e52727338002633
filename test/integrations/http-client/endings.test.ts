import http, { type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { Pool, request as undiciRequest } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../fastify/served.js'
import { type Act, viaNode, watched } from './watched.js'

const reasons: readonly unknown[] = [undefined, new Error('the user left the page'), 'enough', null, { code: 'ERR_CANCELED' }]

const abortedBy: Readonly<Record<string, { path: string; act: Act }>> = {
  ...Object.fromEntries(
    reasons.map((reason) => [
      `fetch, abort(${String(reason)})`,
      {
        path: '/never',
        act: async (url: string) => {
          const controller = new AbortController()
          setTimeout(() => controller.abort(reason), 20)
          await fetch(url, { signal: controller.signal }).catch(() => {})
        },
      },
    ]),
  ),
  ...Object.fromEntries(
    reasons.map((reason) => [
      `fetch, body.cancel(${String(reason)})`,
      { path: '/body', act: async (url: string) => (await fetch(url)).body!.cancel(reason) },
    ]),
  ),
  'fetch, reader.cancel(reason)': {
    path: '/body',
    act: async (url) => {
      const reader = (await fetch(url)).body!.getReader()
      await reader.read()
      await reader.cancel('enough')
    },
  },
  'fetch, a break out of the body': {
    path: '/body',
    act: async (url) => {
      for await (const _chunk of (await fetch(url)).body! as unknown as AsyncIterable<unknown>) break
    },
  },
  'undici, abort(reason)': {
    path: '/never',
    act: async (url) => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(new Error('enough')), 20)
      await undiciRequest(url, { signal: controller.signal }).catch(() => {})
    },
  },
  'undici, destroy() of the pool': {
    path: '/never',
    act: async (url) => {
      const pool = new Pool(new URL(url).origin)
      const request = pool.request({ path: '/never', method: 'GET' })
      setTimeout(() => void pool.destroy(), 20)
      await request.catch(() => {})
    },
  },
  'undici, body.destroy()': {
    path: '/body',
    act: async (url) => {
      const { body } = await undiciRequest(url)
      body.on('error', () => {}).destroy()
    },
  },
  'node:http, destroy() before the response': { path: '/never', act: viaNode((request) => request.destroy(), false) },
  'node:http, destroy(error) before the response': {
    path: '/never',
    act: viaNode((request) => request.destroy(new Error('enough')), false),
  },
  'node:http, abort()': { path: '/never', act: viaNode((request) => request.abort(), false) },
  'node:http, response.destroy() while reading': { path: '/body', act: viaNode((_request, response) => response!.destroy(), true) },
  'node:http, response.destroy(error) while reading': {
    path: '/body',
    act: viaNode((_request, response) => response!.destroy(new Error('enough')), true),
  },
  'node:http, destroy() while reading': { path: '/body', act: viaNode((request) => request.destroy(), true) },
  'node:http, a signal with a reason': {
    path: '/never',
    act: (url) =>
      new Promise<void>((resolve) => {
        const controller = new AbortController()
        http
          .get(url, { signal: controller.signal })
          .on('error', () => {})
          .on('close', resolve)
        setTimeout(() => controller.abort(new Error('enough')), 20)
      }),
  },
}

test.each(Object.entries(abortedBy))('a request cancelled by its caller is aborted: %s', async (_name, { path, act }) => {
  const { url, host, spans, outcomes } = await watched()
  await act(`${url}${path}`)
  await until(() => spans.length === 1)
  expect(outcomes()).toEqual([`GET ${host} ${path === '/body' ? 200 : 'error'} aborted`])
  expect(spans[0]!.status.name).toBe('CANCELLED')
})

const failing: Readonly<Record<string, { path: string; act: Act }>> = {
  'node:http, the server hangs up': { path: '/hangup', act: viaNode(() => {}, false) },
  'node:http, the connection breaks': { path: '/broken', act: viaNode(() => {}, true) },
  'fetch, the server hangs up': { path: '/hangup', act: async (url) => fetch(url).catch(() => {}) },
  'fetch, the connection breaks': { path: '/broken', act: async (url) => (await fetch(url)).text().catch(() => {}) },
  'fetch, a time-out': { path: '/never', act: async (url) => fetch(url, { signal: AbortSignal.timeout(150) }).catch(() => {}) },
  'node:http, AbortSignal.timeout': {
    path: '/never',
    act: (url) =>
      new Promise<void>((resolve) => {
        http
          .get(url, { signal: AbortSignal.timeout(20) })
          .on('error', () => {})
          .on('close', resolve)
      }),
  },
  'node:http, a time-out that the caller listens for before it ends the request, an agent of its own': {
    path: '/never',
    act: (url) =>
      new Promise<void>((resolve) => {
        const request = http.request(url, { agent: new http.Agent() })
        request.setTimeout(20, () => request.destroy())
        request
          .on('error', () => {})
          .on('close', resolve)
          .end()
      }),
  },
  'node:http, a time-out of axios': {
    path: '/never',
    act: viaNode((request) => request.destroy(Object.assign(new Error('timeout of 20ms exceeded'), { code: 'ECONNABORTED' })), false),
  },
  'node:http, a time-out': {
    path: '/never',
    act: (url) =>
      new Promise<void>((resolve) => {
        const request = http.get(url, { timeout: 20 })
        request
          .on('timeout', () => request.destroy())
          .on('error', () => {})
          .on('close', resolve)
      }),
  },
}

test.each(Object.entries(failing))('a request that fails for another reason is an error: %s', async (_name, { path, act }) => {
  const { url, host, spans, outcomes } = await watched()
  await act(`${url}${path}`)
  await until(() => spans.length === 1)
  expect(outcomes()).toEqual([`GET ${host} ${path === '/broken' ? 200 : 'error'} error`])
  expect(['OK', 'CANCELLED']).not.toContain(spans[0]!.status.name)
})

// Before Node 22.12 these are published nowhere until they end.
test.each([true, false])('requests that end before they are sent as a whole count once, with the global agent: %s', async (isGlobal) => {
  const { url, host, spans, outcomes } = await watched((_path, response) => response.writeHead(413, { connection: 'close' }).end('big'))
  const dead = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => dead.once('listening', resolve))
  const { port: deadPort } = dead.address() as AddressInfo
  await new Promise((resolve) => dead.close(resolve))
  const silent = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  onTestFinished(() => void silent.close())
  const { port: silentPort } = silent.address() as AddressInfo
  const begin = (to: string, act: (request: http.ClientRequest) => void) =>
    new Promise<void>((resolve) => {
      const request = http.request(to, { method: 'POST', ...(!isGlobal && { agent: new http.Agent() }) })
      request.on('error', () => {}).on('close', resolve)
      request.write('the first part')
      act(request)
    })
  await begin(`http://127.0.0.1:${deadPort}`, () => {})
  await begin(url, (request) => request.on('response', (response) => response.resume().on('end', () => request.destroy())))
  await begin(`http://127.0.0.1:${silentPort}`, (request) =>
    request.once('socket', (socket) => socket.once('connect', () => request.destroy())),
  )
  await until(() => spans.length === 3)
  expect(outcomes().sort()).toEqual(
    [`POST 127.0.0.1:${deadPort} error error`, `POST ${host} 413 ok`, `POST 127.0.0.1:${silentPort} error aborted`].sort(),
  )
})

test.each(['fetch', 'undici', 'node:http'])('requests that are under way when watching stops are counted: %s', async (name) => {
  const waiting: ServerResponse[] = []
  const { url, client, outcomes, host } = await watched((_path, response) => void waiting.push(response))
  const read = (response: http.IncomingMessage) => new Promise((resolve) => response.resume().on('close', resolve))
  const ended =
    name === 'fetch'
      ? fetch(url).then((response) => response.text())
      : name === 'undici'
        ? undiciRequest(url).then(({ body }) => body.text())
        : new Promise<http.IncomingMessage>((resolve) => http.get(url, resolve)).then(read)
  await until(() => waiting.length === 1)
  client.stop()
  waiting[0]!.end('late')
  await ended
  await until(() => outcomes().length === 1)
  expect(outcomes()).toEqual([`GET ${host} 200 ok`])
})

test('a request that is destroyed on its event `timeout` has the status of a time-out', async () => {
  const { url, spans } = await watched()
  const request = http.get(`${url}/never`, { timeout: 20 })
  request.on('timeout', () => request.destroy()).on('error', () => {})
  await until(() => spans.length === 1)
  expect(spans[0]!.status).toMatchObject({ name: 'DEADLINE_EXCEEDED', message: 'the request timed out' })
})

test('a name whose addresses all refuse a connection has their messages as its error', async () => {
  const { spans } = await watched()
  const lookup = ((_name: string, _options: object, done: (error: null, addresses: object[]) => void) =>
    done(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ])) as http.RequestOptions['lookup']
  http.get({ host: 'shop.test', port: 1, lookup, autoSelectFamily: true } as http.RequestOptions).on('error', () => {})
  await until(() => spans.length === 1)
  const message = 'connect ECONNREFUSED 127.0.0.1:1, connect ECONNREFUSED 127.0.0.2:1'
  expect([spans[0]!.status.message, spans[0]!.attributes['error.message']]).toEqual([message, message])
})

test('a request that is destroyed after its end counts as successful', async () => {
  const { url, host, spans, outcomes } = await watched()
  await new Promise<void>((resolve) => {
    const request = http.get(`${url}/whole`, (response) => {
      response.resume().on('end', () => {
        response.destroy()
        request.destroy()
        resolve()
      })
    })
  })
  await until(() => spans.length === 1)
  expect(outcomes()).toEqual([`GET ${host} 200 ok`])
})

test.each([301, 302, 303, 307, 308])('a response %i that a client destroys to follow the redirect is complete', async (status) => {
  const { url, host, spans, outcomes } = await watched((_path, response) =>
    response.writeHead(status, { location: '/' }).end('x'.repeat(100_000)),
  )
  // As follow-redirects does, which axios uses.
  const request = http.get(url, (response) => {
    request.on('error', () => {}).destroy()
    response.destroy()
  })
  await until(() => spans.length === 1)
  expect([outcomes(), spans[0]!.status.name]).toEqual([[`GET ${host} ${status} ok`], 'OK'])
})

test('an upgrade ends successfully with the switch of protocols', async () => {
  const { port, host, spans, outcomes, stats } = await watched()
  const request = http.get({ port, host: '127.0.0.1', headers: { connection: 'Upgrade', upgrade: 'echo' } })
  request.on('upgrade', (_response, socket) => socket.destroy())
  await until(() => spans.length === 1)
  expect(outcomes()).toEqual([`GET ${host} 101 ok`])
  expect([spans[0]!.status.name, spans[0]!.attributes['http.status_code']]).toEqual(['OK', 101])
  expect(stats.viewManager.getView('span/errors')!.rows).toEqual([])
})

test('a proxied request has host and path of its target, without user and password', async () => {
  const { port, spans, outcomes, stats } = await watched((_path, response) => response.end())
  http.get({ port, host: '127.0.0.1', path: 'http://user:pa55@internal.test/a?b=1' }, (response) => response.resume())
  await until(() => spans.length === 1)
  const { name, attributes } = spans[0]!
  expect([name, attributes['http.host'], attributes['http.path'], attributes['http.url']]).toEqual([
    'GET',
    'internal.test',
    '/a',
    'http://internal.test/a?b=REDACTED',
  ])
  expect(outcomes()).toEqual(['GET internal.test 200 ok'])
  expect(inspect([spans, stats.viewManager.getAllViewData()], { depth: 12 })).not.toContain('pa55')
})

test('CONNECT has the host of its target', async () => {
  const { port, spans, outcomes } = await watched()
  http
    .request({ port, host: '127.0.0.1', method: 'CONNECT', path: 'db.test:5432' })
    .on('connect', (_response, socket) => socket.destroy())
    .end()
  await until(() => spans.length === 1)
  expect(spans[0]!.attributes).toMatchObject({ 'http.host': 'db.test:5432', 'http.url': 'db.test:5432' })
  expect(outcomes()).toEqual(['CONNECT db.test:5432 200 ok'])
})

test('the port is that of the connection, not that of the Host header', async () => {
  const { port, host, spans, outcomes } = await watched((_path, response) => response.end())
  for (const name of ['shop.example', 'shop.example:1', '']) {
    http.get({ port, host: '127.0.0.1', headers: { host: name } }, (response) => response.resume())
  }
  await until(() => spans.length === 3)
  expect(outcomes()).toEqual([`GET ${host} 200 ok`])
})

test('a peer that resets the connection is an error', async () => {
  const { spans, outcomes } = await watched()
  const peer = createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1')
  await new Promise((resolve) => peer.once('listening', resolve))
  onTestFinished(() => void peer.close())
  const { port } = peer.address() as AddressInfo
  http.get(`http://127.0.0.1:${port}/`).on('error', () => {})
  await until(() => spans.length === 1)
  expect(outcomes()).toEqual([`GET 127.0.0.1:${port} error error`])
})
