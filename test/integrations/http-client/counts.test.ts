import http from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { request as undiciRequest, upgrade as undiciUpgrade } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { rows, until } from '../fastify/served.js'

/** How many requests of each kind are sent. */
const SENT = { ok: 7, missing: 5, fail: 3, stream: 4, never: 2, left: 3, upgrade: 2, health: 6 }

type Kind = keyof typeof SENT

const HEAD: Readonly<Record<Exclude<Kind, 'never'>, string>> = {
  ok: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
  health: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
  missing: 'HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\nx',
  fail: 'HTTP/1.1 500 Internal Server Error\r\ncontent-length: 1\r\n\r\nx',
  stream: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n',
  left: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n',
  upgrade: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n',
}

/** A server of bare sockets, so that nothing of the library is on its side. It counts the requests that it reads, by their path. */
async function independentServer(): Promise<{ url: string; seen: Partial<Record<Kind, number>> }> {
  const seen: Partial<Record<Kind, number>> = {}
  const sockets = new Set<Socket>()
  const answer = (socket: Socket, kind: Kind): void => {
    seen[kind] = (seen[kind] ?? 0) + 1
    if (kind === 'never') return
    socket.write(HEAD[kind])
    if (kind === 'stream') setTimeout(() => socket.write('1\r\nb\r\n0\r\n\r\n'), 10)
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        text += String(chunk)
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          answer(socket, /^GET \/(\w+)/.exec(text)![1] as Kind)
          text = text.slice(end + 4)
        }
      })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** Sends one request of a kind and resolves when it has ended. One that is never answered is given up when `isRead` resolves. */
type Send = (url: string, kind: Kind, isRead: () => Promise<void>) => Promise<unknown>

const viaNode: Send = (url, kind, isRead) =>
  new Promise<void>((resolve) => {
    const headers = kind === 'upgrade' ? { connection: 'upgrade', upgrade: 'echo' } : {}
    const request = http.get(url, { headers }, (response) => {
      response.on('error', () => {}).on('close', resolve)
      if (kind === 'left') response.once('data', () => response.destroy())
      else response.resume()
    })
    request.on('error', () => resolve())
    request.on('upgrade', (_response, socket) => socket.on('close', resolve).destroy())
    if (kind === 'never') void isRead().then(() => request.destroy())
  })

const viaFetch: Send = async (url, kind, isRead) => {
  if (kind === 'upgrade') return viaNode(url, kind, isRead) // fetch has no upgrades
  const controller = new AbortController()
  if (kind === 'never') void isRead().then(() => controller.abort())
  const response = await fetch(url, { signal: controller.signal }).catch(() => undefined)
  return kind === 'left' ? response!.body!.cancel() : response?.text()
}

const viaUndici: Send = async (url, kind, isRead) => {
  if (kind === 'upgrade') return (await undiciUpgrade(url, { protocol: 'echo' })).socket.destroy()
  const controller = new AbortController()
  if (kind === 'never') void isRead().then(() => controller.abort())
  const response = await undiciRequest(url, { signal: controller.signal }).catch(() => undefined)
  return kind === 'left' ? response!.body.on('error', () => {}).destroy() : response?.body.text()
}

test.each(Object.entries({ 'node:http': viaNode, fetch: viaFetch, undici: viaUndici }))(
  '%s: counts equal those of the server',
  async (_name, send) => {
    const stats = new Stats()
    const exporter = new MemoryExporter<SpanData>()
    const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats })
    const client = instrumentHttpClient({ tracer, stats, ignorePaths: ['/health'] })
    onTestFinished(() => client.stop())
    const { url, seen } = await independentServer()
    const isRead = () => until(() => seen.never === SENT.never)
    await Promise.all(
      Object.entries(SENT).flatMap(([kind, times]) => Array.from({ length: times }, () => send(`${url}/${kind}`, kind as Kind, isRead))),
    )

    expect(seen).toEqual(SENT)
    const expected = {
      '200 ok': seen.ok! + seen.stream!,
      '200 aborted': seen.left,
      '404 ok': seen.missing,
      '500 error': seen.fail,
      'error aborted': seen.never,
      '101 ok': seen.upgrade,
    }
    const counted = () => {
      const entries = Object.entries(rows(stats, 'http/client/duration'))
      return Object.fromEntries(entries.map(([tags, { count }]) => [tags.split(' ').slice(2).join(' '), count]))
    }
    const total = Object.values(SENT).reduce((sum, times) => sum + times, 0) - SENT.health
    await until(() => exporter.items.length === total, JSON.stringify(counted()))
    expect(counted()).toEqual(expected)
    const codes = (name: string) => exporter.items.filter(({ status }) => status.name === name).length
    expect([codes('OK'), codes('CANCELLED'), codes('NOT_FOUND')]).toEqual([
      SENT.ok + SENT.stream + SENT.upgrade,
      SENT.never + SENT.left,
      SENT.missing,
    ])
  },
)
