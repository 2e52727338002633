import http, { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { rows } from '../fastify/served.js'

/** A server whose path says how it answers, and a client that is watched. */
export async function watched(handle: (path: string, response: ServerResponse) => void = answer) {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const spans = exporter.items as SpanData[]
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats })
  tracer.registerViews()
  const server = createServer((request, response) => handle(request.url!, response)).listen(0, '127.0.0.1')
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'))
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 Connection Established\r\n\r\n'))
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const client = instrumentHttpClient({ tracer, stats })
  onTestFinished(() => {
    client.stop()
    server.closeAllConnections()
    server.close()
  })
  const outcomes = () => Object.keys(rows(stats, 'http/client/duration'))
  return { stats, spans, tracer, client, port, url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, outcomes }
}

function answer(path: string, response: ServerResponse): void {
  if (path === '/never') return
  if (path === '/hangup') return void response.socket!.destroy()
  response.writeHead(200)
  response.write('a'.repeat(100_000))
  if (path === '/broken') setTimeout(() => response.socket!.destroy(), 20)
  if (path === '/whole') response.end()
}

export type Act = (url: string) => Promise<unknown>

/** Calls `act` when the request has a socket, or with the first part of its response. */
export const viaNode =
  (act: (request: http.ClientRequest, response: http.IncomingMessage | undefined) => void, reads: boolean): Act =>
  (url) =>
    new Promise<void>((resolve) => {
      const request = http.get(url, (response) => {
        response.on('error', () => {})
        if (reads) response.once('data', () => act(request, response))
      })
      request.on('error', () => {}).on('close', resolve)
      if (!reads) request.once('socket', () => setTimeout(() => act(request, undefined), 20))
    })
