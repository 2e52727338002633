import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Why a connection was closed: an idle one to admit another, or a new one because none was idle. */
type ConnectionEnd = 'idle' | 'refused'

interface ConnectionLimit {
  readonly maxConnections: number
  readonly onClosed: (end: ConnectionEnd) => void
}

/**
 * Tracks the connections of a server with a running request, so that closing need not wait for the others. Node counts a connection that
 * has never sent anything as busy. It also limits how many there are: a new one replaces the one that has been idle for the longest.
 */
export class ConnectionTracker {
  /** The number of running requests, in the order in which connections became idle. */
  readonly #requests = new Map<Socket, number>()
  readonly #limit: ConnectionLimit
  #closing = false

  constructor(server: Server, limit: ConnectionLimit) {
    this.#limit = limit
    server.on('connection', (socket: Socket) => {
      if (!this.#hasRoom()) return void socket.destroy()
      this.#requests.set(socket, 0)
      socket.once('close', () => this.#requests.delete(socket))
    })
  }

  /** Call for each request. */
  track({ socket }: IncomingMessage, response: ServerResponse): void {
    if (this.#closing) response.setHeader('connection', 'close')
    this.#requests.set(socket, (this.#requests.get(socket) ?? 0) + 1)
    response.once('close', () => {
      const left = (this.#requests.get(socket) ?? 1) - 1
      if (this.#requests.delete(socket)) this.#requests.set(socket, left)
      if (this.#closing && left === 0) socket.end()
    })
  }

  /** Closes connections without a running request at once, and the others when their request has ended. */
  close(): void {
    this.#closing = true
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroy()
  }

  /** Closes the connection that has been idle for the longest if the limit is reached. False if all are busy. */
  #hasRoom(): boolean {
    if (this.#requests.size < this.#limit.maxConnections) return true
    for (const [socket, requests] of this.#requests) {
      if (requests > 0) continue
      this.#requests.delete(socket)
      socket.destroy()
      this.#limit.onClosed('idle')
      return true
    }
    this.#limit.onClosed('refused')
    return false
  }
}
