import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach } from 'vitest'

const servers: NetServer[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  for (const server of servers.splice(0)) server.close()
})

/** The URL of a server on 127.0.0.1 that is gone after the test. */
export async function listening(server: NetServer): Promise<string> {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** How many connections of all servers of the test are open. */
export const openConnections = (): number => sockets.size

export const rawReceiver = (onConnection: (socket: Socket) => void): Promise<string> => listening(createServer(onConnection))
export const httpReceiver = (onRequest: RequestListener): Promise<string> => listening(createHttpServer(onRequest))

export interface Received {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingMessage['headers']
  /** Decompressed. */
  readonly body: Buffer
  readonly sentBytes: number
}

export interface Receiver {
  readonly url: string
  readonly server: Server
  readonly requests: Received[]
}

/** A receiver that keeps its requests. `n` is the number of a request, from 0. */
export async function receiver(
  answer: (response: ServerResponse, n: number, request: Received) => void = (response) => void response.end(),
): Promise<Receiver> {
  const requests: Received[] = []
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      const received = { method: request.method, path: request.url, headers: request.headers, body, sentBytes: sent.length }
      requests.push(received)
      answer(response, requests.length - 1, received)
    })
  })
  return { url: await listening(server), server, requests }
}

/** An address where nobody listens. */
export async function closedUrl(): Promise<string> {
  const url = await rawReceiver(() => {})
  await new Promise((resolve) => servers.pop()!.close(resolve))
  return url
}
