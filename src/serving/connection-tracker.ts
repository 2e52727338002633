import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Which connections of a server are being answered, so that closing need not wait for the others: Node counts one
 * that has never sent anything as busy.
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

  /** Ends connections that are not being answered now, and the others when they have been. */
  close(): void {
    this.#closing = true
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroy()
  }
}
