import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Tracks the connections of a server with a running request, so that closing need not wait for the others. Node counts a connection that
 * has never sent anything as busy.
 */
export class ConnectionTracker {
  readonly #requests = new Map<Socket, number>()
  #closing = false

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#requests.set(socket, 0)
      socket.once('close', () => this.#requests.delete(socket))
    })
  }

  /** Called for each request. */
  answering({ socket }: IncomingMessage, response: ServerResponse): void {
    if (this.#closing) response.setHeader('connection', 'close')
    this.#requests.set(socket, (this.#requests.get(socket) ?? 0) + 1)
    response.once('close', () => {
      const left = (this.#requests.get(socket) ?? 1) - 1
      if (this.#requests.has(socket)) this.#requests.set(socket, left)
      if (this.#closing && left === 0) socket.end()
    })
  }

  /** Closes connections without a running request at once, and the others when their request has ended. */
  close(): void {
    this.#closing = true
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroy()
  }
}
