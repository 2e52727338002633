import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { type Clock, systemClock } from '../../base/clock.js'
import { inNextTurn } from '../../base/timer.js'
import { isCongestion, isTooLarge, type PacketSender, sendThroughCongestion } from './packet-sender.js'

/** The host name is resolved again after this time. */
const RESOLVE_AFTER_MS = 60_000
/** Turns of the event loop to wait for `ECONNREFUSED` from a port of this machine. It takes one or two. */
const TURNS = 4

/**
 * Sends datagrams from a connected socket, which resolves the host name once a minute instead of once a packet, and reports
 * `ECONNREFUSED`.
 */
export class UdpSender implements PacketSender {
  readonly #host: string
  readonly #port: number
  readonly #clock: Clock
  #socket: Socket | undefined
  #resolvedMs = 0
  /** The first error of the socket. */
  #fault: unknown
  #resets = 0

  constructor(host: string, port: number, clock: Clock = systemClock) {
    this.#host = host
    this.#port = port
    this.#clock = clock
  }

  async send(packets: readonly Buffer[]): Promise<readonly unknown[]> {
    // An error since the last call is about its packets. The server may be back.
    if (this.#fault !== undefined) this.reset()
    try {
      const socket = await this.#connected()
      const faults = await sendThroughCongestion(packets, (some) => this.#sendOnce(socket, some))
      // ECONNREFUSED is reported with a later packet than the one refused: count all as not sent.
      const broken = this.#fault ?? faults.find((fault) => fault !== undefined && !isTooLarge(fault) && !isCongestion(fault))
      if (broken === undefined) return faults
      this.reset()
      return packets.map(() => broken)
    } catch (error) {
      return packets.map(() => error) // there is no socket, or it belongs to a later call
    }
  }

  reset(): void {
    this.#resets++
    this.#socket?.close()
    this.#socket = undefined
  }

  async #connected(): Promise<Socket> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#socket !== undefined && nowMs - this.#resolvedMs < RESOLVE_AFTER_MS) return this.#socket
    this.reset()
    const resets = this.#resets
    const { address, family } = await lookup(this.#host)
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    this.#fault = undefined
    socket.on('error', (error) => {
      this.#fault ??= error
    })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.connect(this.#port, address, (error?: Error) => (error == null ? resolve() : reject(error)))
      })
      if (this.#resets !== resets) throw new Error('the socket was closed while it was opened')
    } catch (error) {
      socket.close()
      throw error
    }
    socket.unref()
    this.#socket = socket
    this.#resolvedMs = nowMs
    return socket
  }

  async #sendOnce(socket: Socket, packets: readonly Buffer[]): Promise<readonly unknown[]> {
    const faults = await Promise.all(
      packets.map((packet) => new Promise<unknown>((resolve) => socket.send(packet, (error) => resolve(error ?? undefined)))),
    )
    for (let turn = 0; turn < TURNS && this.#fault === undefined; turn++) await new Promise((resolve) => inNextTurn(resolve))
    return faults
  }
}
