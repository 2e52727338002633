import http from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { Client, Pool, ProxyAgent, request as undiciRequest } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../fastify/served.js'
import { type Act, viaNode, watched } from './watched.js'

/** A request with an agent of its own, which has no time-out, unlike the global one. */
const viaOwnAgent =
  (act: (request: http.ClientRequest, agent: http.Agent) => void): Act =>
  (url) =>
    new Promise<void>((resolve) => {
      const agent = new http.Agent({ keepAlive: true })
      const request = http.get(url, { agent }, (response) => response.resume().on('error', () => {}))
      request.on('error', () => {}).on('close', resolve)
      act(request, agent)
    })

const viaUndici =
  (destroy: (client: Client | Pool) => void, makeClient: (origin: string) => Client | Pool): Act =>
  async (url) => {
    const client = makeClient(new URL(url).origin)
    const request = client.request({ path: new URL(url).pathname, method: 'GET' })
    setTimeout(() => destroy(client), 20)
    await request.then(({ body }) => body.dump()).catch(() => {})
  }

const byCaller: Readonly<Record<string, { path: string; act: Act }>> = {
  'socket.destroy() before the response': { path: '/never', act: viaNode((request) => request.socket!.destroy(), false) },
  'socket.destroy(error) before the response': {
    path: '/never',
    act: viaNode((request) => request.socket!.destroy(new Error('enough')), false),
  },
  'socket.destroy() while reading': { path: '/body', act: viaNode((request) => request.socket!.destroy(), true) },
  'socket.destroy(error) while reading': {
    path: '/body',
    act: viaNode((request) => request.socket!.destroy(new Error('enough')), true),
  },
  'agent.destroy() before the response': {
    path: '/never',
    act: viaOwnAgent((request, agent) => request.once('socket', () => setTimeout(() => agent.destroy(), 20))),
  },
  'agent.destroy() while reading': {
    path: '/body',
    act: viaOwnAgent((request, agent) => request.once('response', () => setTimeout(() => agent.destroy(), 20))),
  },
  'undici, destroy(error) of a client': {
    path: '/never',
    act: viaUndici(
      (client) => void client.destroy(new Error('enough')),
      (origin) => new Client(origin),
    ),
  },
  'undici, destroy(error) of a pool while reading': {
    path: '/body',
    act: viaUndici(
      (pool) => void pool.destroy(new Error('enough')),
      (origin) => new Pool(origin),
    ),
  },
}

test.each(Object.entries(byCaller))(
  'a request whose connection is destroyed by its caller is aborted: %s',
  async (_name, { path, act }) => {
    const { url, host, spans, outcomes } = await watched()
    await act(`${url}${path}`)
    await until(() => spans.length === 1)
    expect(outcomes()).toEqual([`GET ${host} ${path === '/body' ? 200 : 'error'} aborted`])
    expect(spans[0]!.status.name).toBe('CANCELLED')
  },
)

const afterTimeout: Readonly<Record<string, { path: string; act: Act }>> = {
  'socket.setTimeout(), then request.destroy()': {
    path: '/never',
    act: viaOwnAgent((request) => request.on('socket', (socket) => socket.setTimeout(20, () => request.destroy()))),
  },
  'socket.setTimeout(), then socket.destroy()': {
    path: '/never',
    act: viaOwnAgent((request) => request.on('socket', (socket) => socket.setTimeout(20, () => socket.destroy()))),
  },
  'response.setTimeout(), then response.destroy()': {
    path: '/body',
    act: viaOwnAgent((request) => request.on('response', (response) => response.setTimeout(20, () => response.destroy()))),
  },
  'response.setTimeout(), then socket.destroy()': {
    path: '/body',
    act: viaOwnAgent((request) => request.on('response', (response) => response.setTimeout(20, () => request.socket!.destroy()))),
  },
}

test.each(Object.entries(afterTimeout))('a request that is destroyed after a time-out is an error: %s', async (_name, { path, act }) => {
  const { url, host, spans, outcomes } = await watched()
  await act(`${url}${path}`)
  await until(() => spans.length === 1)
  expect(outcomes()).toEqual([`GET ${host} ${path === '/body' ? 200 : 'error'} error`])
  expect(['OK', 'CANCELLED']).not.toContain(spans[0]!.status.name)
})

test('a request that a proxy refuses to tunnel is an error, not an abort', async () => {
  const { spans, outcomes } = await watched()
  const proxy = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void proxy.close())
  await new Promise((resolve) => proxy.once('listening', resolve))
  const dispatcher = new ProxyAgent(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  await undiciRequest('https://shop.test/', { dispatcher }).catch(() => {})
  await until(() => spans.length === 2)
  expect(outcomes().sort()).toEqual(['CONNECT shop.test:443 407 ok', 'GET shop.test error error'])
  expect(spans.find(({ name }) => name === 'GET')!.status.name).toBe('UNKNOWN')
})

test('a socket that is used again has no listeners of earlier requests', async () => {
  const { url } = await watched((_path, response) => response.end())
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const counts: number[] = []
  for (let at = 0; at < 3; at++) {
    await new Promise<void>((resolve) => {
      http
        .get(url, { agent }, (response) => response.resume())
        .on('socket', (socket) => counts.push(socket.listenerCount('timeout')))
        .on('close', () => setImmediate(resolve))
    })
  }
  expect(counts[2]).toBe(counts[1])
})
