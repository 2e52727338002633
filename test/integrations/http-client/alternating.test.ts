import http from 'node:http'
import { expect, test } from 'vitest'
import type { Stats } from 'tallyscope'
import { rows } from '../fastify/served.js'
import { watched } from './watched.js'

const counts = (stats: Stats) => Object.entries(rows(stats, 'http/client/duration')).map(([row, { count }]) => `${row} ${count}`)

/** Sends a request and resolves with the socket that it was sent on. */
const get = (url: string, options: http.RequestOptions) =>
  new Promise<NodeJS.EventEmitter>((resolve, reject) => {
    const request = http.get(url, options, (response) => {
      const { socket } = request
      response.resume().on('end', () => resolve(socket!))
    })
    request.on('error', reject)
  })

test.each(['node:http', 'fetch'] as const)(
  'consecutive requests of %s to different hosts, with different results, have their own rows',
  async (via) => {
    const first = await watched((path, response) => response.writeHead(path === '/fail' ? 500 : 200).end('x'))
    const second = `http://localhost:${first.port}`
    const send = via === 'fetch' ? async (url: string) => (await fetch(url)).text() : (url: string) => get(url, { family: 4 })
    for (let round = 0; round < 3; round++) {
      for (const url of [`${first.url}/a`, `${second}/a`, `${first.url}/fail`, `${second}/fail`, `${second}/a`]) await send(url)
    }
    await expect
      .poll(() => counts(first.stats).sort())
      .toEqual([
        `GET ${first.host} 200 ok 3`,
        `GET ${first.host} 500 error 3`,
        `GET localhost:${first.port} 200 ok 6`,
        `GET localhost:${first.port} 500 error 3`,
      ])
  },
)

test('requests that use one socket in turn have one listener for its time-outs', async () => {
  const { url } = await watched((_path, response) => response.end('x'))
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const sockets: NodeJS.EventEmitter[] = []
  for (let at = 0; at < 4; at++) {
    const socket = await get(url, { agent })
    sockets.push(socket)
    expect(socket.listenerCount('timeout')).toBe(sockets[0]!.listenerCount('timeout'))
  }
  expect(new Set(sockets).size).toBe(1)
  agent.destroy()
})
