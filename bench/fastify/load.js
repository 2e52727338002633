// @ts-check
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const CONNECTIONS = 20
const REQUEST = Buffer.from('GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n')

// Load and server run on one core, if that is possible. They alternate, so that the time of the server does not include waking another
// core, and other programs can use the other cores.
const CORE = '0'
const canPin = spawnSync('taskset', ['--version']).status === 0

/** Pins this process, which makes the load, to the core of the servers. Returns a function that undoes it. */
export function pinLoad() {
  const move = (/** @type {string} */ cores) => spawnSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)])
  const before = canPin ? /list: (\S+)/.exec(spawnSync('taskset', ['-c', '-p', String(process.pid)]).stdout.toString())?.[1] : undefined
  if (before === undefined) return () => {}
  move(CORE)
  return () => void move(before)
}

/** A server in a process of its own, with keep-alive connections to it. */
export class LoadedServer {
  /** @param {import('node:child_process').ChildProcess} child @param {readonly import('node:net').Socket[]} sockets */
  constructor(child, sockets) {
    this.child = child
    this.sockets = sockets
  }

  /** @param {string} contender */
  static async start(contender) {
    const program = fileURLToPath(new URL('serve-process.js', import.meta.url))
    // The child inherits the core.
    const child = spawn(process.execPath, ['--expose-gc', program, contender], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
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

  /** Warms the server up, before and after full garbage collections. @param {number} requests */
  async warm(requests) {
    for (let part = 0; part < 2; part++) {
      await this.#send(requests / 3)
      await this.#ask('collect')
    }
    await this.#send(requests / 3)
  }

  /** Measures the CPU time of the server for a request, in microseconds. @param {number} requests */
  async costOf(requests) {
    const before = await this.#ask('cpu')
    await this.#send(requests)
    const after = await this.#ask('cpu')
    return (after.user + after.system - before.user - before.system) / requests
  }

  /** @param {'cpu' | 'collect'} what @returns {Promise<NodeJS.CpuUsage>} */
  async #ask(what) {
    this.child.send(what)
    return (await once(this.child, 'message'))[0].cpu
  }

  /** Sends requests. Replies are small enough to arrive in one chunk. @param {number} requests @returns {Promise<void>} */
  #send(requests) {
    let left = Math.round(requests)
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
