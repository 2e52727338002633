import { constants } from 'node:os'
import { type PacketSender, sendThroughCongestion } from './packet-sender.js'

/** The part of `unix-dgram` that is used. */
export interface UnixDatagrams {
  createSocket(type: 'unix_dgram'): UnixDatagramSocket
}

interface UnixDatagramSocket {
  on(event: 'error' | 'connect', listener: (error: Error) => void): void
  connect(path: string): void
  send(packet: Buffer, callback: (error?: Error & { code?: unknown }) => void): void
  close(): void
}

const { EAGAIN, ENOBUFS, EMSGSIZE } = constants.errno

/** Sends datagrams to a Unix socket with the package `unix-dgram`: Node supports only stream sockets. */
export class UnixDatagramSender implements PacketSender {
  readonly #path: string
  readonly #load: () => Promise<UnixDatagrams>
  #socket: UnixDatagramSocket | undefined

  /** @param load Loads `unix-dgram`. Rejects if it is not installed. */
  constructor(path: string, load: () => Promise<UnixDatagrams>) {
    this.#path = path
    this.#load = load
  }

  async send(packets: readonly Buffer[]): Promise<readonly unknown[]> {
    try {
      const socket = await this.#connected()
      // The receiver accepts or refuses each datagram to a Unix socket separately.
      const faults = await sendThroughCongestion(packets, (some) => Promise.all(some.map((packet) => sendOne(socket, packet))))
      if (faults.some((fault) => fault !== undefined)) this.reset()
      return faults
    } catch (error) {
      this.reset()
      return packets.map(() => error)
    }
  }

  reset(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  /** Connects if there is no connection. An agent that restarts creates a new socket at the same path. */
  async #connected(): Promise<UnixDatagramSocket> {
    if (this.#socket !== undefined) return this.#socket
    const socket = (await this.#load()).createSocket('unix_dgram')
    let fault: Error | undefined
    socket.on('error', (error) => {
      fault ??= error
    })
    socket.connect(this.#path)
    if (fault !== undefined) {
      socket.close()
      throw withName(fault)
    }
    this.#socket = socket
    return socket
  }
}

function sendOne(socket: UnixDatagramSocket, packet: Buffer): Promise<unknown> {
  return new Promise((resolve) => socket.send(packet, (error) => resolve(error ? withName(error) : undefined)))
}

/** Converts the numeric codes of the package to names: negative system codes, and 1 if the buffer is full. */
function withName(error: Error & { code?: unknown }): Error {
  const code = typeof error.code === 'number' ? error.code : 0
  const name =
    code === 1 || code === -EAGAIN ? 'EAGAIN' : code === -ENOBUFS ? 'ENOBUFS' : code === -EMSGSIZE ? 'EMSGSIZE' : systemName(-code)
  return Object.assign(new Error(`${error.message}${name === '' ? '' : ` (${name})`}`, { cause: error }), { code: name })
}

function systemName(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? ''
}
