import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

/** Takes datagrams on a port of the loopback interface. */
export class UdpReceiver {
  readonly packets: Buffer[] = []
  readonly #socket = createSocket('udp4')

  private constructor() {
    this.#socket.on('message', (packet) => this.packets.push(packet))
  }

  static async open(port = 0): Promise<UdpReceiver> {
    const receiver = new UdpReceiver()
    await new Promise<void>((resolve) => receiver.#socket.bind(port, '127.0.0.1', resolve))
    return receiver
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port
  }

  /** All lines so far; waits until those that were sent have arrived. */
  async lines(): Promise<string[]> {
    for (let seen = -1; seen !== this.packets.length; ) {
      seen = this.packets.length
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    return this.packets.flatMap((packet) => packet.toString().split('\n'))
  }

  /** All lines since the last call. */
  async takeLines(): Promise<string[]> {
    const lines = await this.lines()
    this.packets.length = 0
    return lines
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }
}
