// @ts-check
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const CONNECTIONS = 20
const REQUEST = Buffer.from('GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n')

/** A server in a process of its own, and kept-alive connections to it. */
export class LoadedServer {
  /** @param {import('node:child_process').ChildProcess} child @param {readonly import('node:net').Socket[]} sockets */
  constructor(child, sockets) {
    this.child = child
    this.sockets = sockets
  }

  /** @param {string} contender */
  static async start(contender) {
    const child = fork(fileURLToPath(new URL('serve-process.js', import.meta.url)), [contender], { execArgv: [] })
    const [{ port }] = /** @type {[{ port: number }]} */ (await once(child, 'message'))
    const sockets = await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const socket = connect(port, '127.0.0.1').setNoDelay(true)
        await once(socket, 'connect')
        return socket
      }),
    )
    return new LoadedServer(child, sockets)
  }

  /** CPU time that the server spends on each of so many requests, in microseconds. @param {number} requests */
  async costOf(requests) {
    const before = await this.#cpu()
    await this.#send(requests)
    const after = await this.#cpu()
    return (after.user + after.system - before.user - before.system) / requests
  }

  /** @returns {Promise<NodeJS.CpuUsage>} */
  async #cpu() {
    this.child.send('cpu')
    return (await once(this.child, 'message'))[0].cpu
  }

  /** Replies are small enough to come in one piece. @param {number} requests @returns {Promise<void>} */
  #send(requests) {
    let left = requests
    let busy = this.sockets.length
    return new Promise((resolve) => {
      for (const socket of this.sockets) {
        const next = () => {
          if (left-- > 0) socket.write(REQUEST)
          else if (--busy === 0) resolve()
        }
        socket.removeAllListeners('data').on('data', next)
        next()
      }
    })
  }

  stop() {
    for (const socket of this.sockets) socket.destroy()
    this.child.kill()
  }
}
