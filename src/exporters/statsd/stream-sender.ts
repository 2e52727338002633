import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { inNextTurn } from '../../base/timer.js'
import type { PacketSender } from './packet-sender.js'

/** How packets of a stream are delimited: by a line feed, or by a length prefix, as the Datadog Agent requires for Unix streams. */
type Framing = 'lineFeed' | 'length'

/** Sends packets over TCP or a Unix stream socket. After an error, the next call opens a new connection. */
export class StreamSender implements PacketSender {
  readonly #to: NetConnectOpts
  readonly #framing: Framing
  #socket: Socket | undefined

  constructor(to: NetConnectOpts, framing: Framing) {
    this.#to = to
    this.#framing = framing
  }

  async send(packets: readonly Buffer[]): Promise<readonly unknown[]> {
    try {
      await this.#write(await this.#connected(), this.#framed(packets))
      return packets.map(() => undefined)
    } catch (error) {
      this.reset()
      return packets.map(() => error)
    }
  }

  reset(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #framed(packets: readonly Buffer[]): Buffer {
    return Buffer.concat(
      packets.flatMap((packet) => {
        if (this.#framing === 'lineFeed') return [packet, LINE_FEED]
        const length = Buffer.alloc(4)
        length.writeUInt32LE(packet.length)
        return [length, packet]
      }),
    )
  }

  async #connected(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable) return this.#socket
    this.reset()
    const socket = connect({ ...this.#to, noDelay: true } as NetConnectOpts)
    this.#socket = socket
    socket.resume() // without reading, the end of the connection is not detected
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('the connection was closed')))
    })
    socket.on('error', () => {}) // `close` reports it to the writer
    socket.unref()
    return socket
  }

  async #write(socket: Socket, bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(new Error('the connection was closed'))
      socket.once('close', closed)
      socket.once('error', reject)
      socket.write(bytes, (error) => {
        // If the connection is already closed, this is reported in the next turn of the event loop.
        inNextTurn(() => {
          socket.off('close', closed)
          socket.off('error', reject)
          if (error) reject(error)
          else if (socket.destroyed) closed()
          else resolve()
        })
      })
    })
  }
}

const LINE_FEED = Buffer.from('\n')
