import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { linkSync, renameSync } from 'node:fs'
import { Server, type Socket } from 'node:net'
import { timerClock } from '../../src/base/clock.js'
import { Member } from '../../src/cluster/member.js'
import { Membership } from '../../src/cluster/membership.js'
import { type GroupFolder, openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { SocketChannel } from '../../src/cluster/net/socket-channel.js'
import { kindOf } from '../../src/cluster/frames/frame-writer.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { Numbers, numbersOf, simpleData } from './simple-data.js'

// Members that look like processes of their own to each other: each has a pid, and can end between any two of its calls of the system.
// What belongs to one of them is known by its asynchronous context.

const current = new AsyncLocalStorage<SimulatedProcess>()
const running = new Set<number>()
const realPid = process.pid
/** Above those of Linux. */
const FIRST_PID = 5_000_000
let lastPid = FIRST_PID

/** How a process ends. After `leave` and `exit` nothing of it may be lost. */
export type End = 'leave' | 'exit' | 'kill'

/** A process with one member of a group, over real sockets. */
export class SimulatedProcess {
  readonly pid = ++lastPid
  readonly numbers = new Numbers()
  readonly member: Member
  readonly membership: Membership
  /** Undefined while it runs. */
  end: End | undefined
  isDead = false
  readonly ended: Promise<void>
  /** Its last calls of the system. */
  readonly calls: string[] = []
  readonly #folder: GroupFolder
  readonly #sockets = new Set<Socket>()
  readonly #servers = new Set<Server>()
  #resolve: () => void = () => {}
  #pending: { calls: number; end: () => void } | undefined

  constructor(hash: string, path: string) {
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    running.add(this.pid)
    this.#folder = openGroupFolder(hash, path)
    const data = simpleData(timerClock)
    const member = new Member(newId(), data, [this.numbers], true)
    this.member = member
    this.membership = current.run(this, () => new Membership({ member, data, folder: this.#watchedFolder(), maxMembers: 64 }))
    current.run(this, () => this.membership.start())
  }

  get hasJoined(): boolean {
    return this.member.isConnected
  }

  async page(): Promise<Record<string, number>> {
    return numbersOf(await current.run(this, () => this.membership.families(4_000)))
  }

  /** Ends after so many calls of the system, and so many microtasks after the last of them. */
  endAfter(calls: number, microtasks: number, how: End): void {
    const end = (): void => {
      this.#pending = undefined
      if (this.isDead || this.end !== undefined) return
      this.end = how
      current.run(this, () => this.#end(how))
    }
    const endSoon = (): void => {
      let left = microtasks
      const next = (): void => (left-- > 0 ? queueMicrotask(next) : end())
      queueMicrotask(next)
    }
    this.#pending = { calls, end: how === 'kill' ? end : endSoon }
    if (calls === 0) this.#pending.end()
    else setTimeout(() => this.#pending?.end(), 400) // it has nothing to do
  }

  called(what: string): void {
    this.calls.push(what)
    if (this.calls.length > 60) this.calls.shift()
    if (this.#pending !== undefined && --this.#pending.calls === 0) this.#pending.end()
  }

  adopt(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    if (this.isDead) return void socket.destroy()
    const { emit, push } = socket
    // A socket that was accepted has no context of its own.
    socket.emit = (...args: unknown[]) => current.run(this, () => Reflect.apply(emit, socket, args) as boolean)
    socket.push = (...args: Parameters<Socket['push']>) => {
      this.called('read')
      return push.apply(socket, args)
    }
  }

  adoptServer(server: Server): void {
    this.#servers.add(server)
    if (this.isDead) this.#close(server)
  }

  #end(how: End): void {
    this.calls.push(how)
    if (how === 'leave') {
      void this.membership.leave().finally(() => this.#die())
      return
    }
    if (how === 'exit') this.membership.flushSync()
    this.#die()
    void this.membership.leave().catch(() => {}) // only ends its loop: it has no sockets and no folder any more
  }

  #die(): void {
    this.isDead = true
    running.delete(this.pid)
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers) this.#close(server)
    this.#resolve()
  }

  /** Closes a server as the kernel does: its socket stays in the folder. */
  #close(server: Server): void {
    const path = server.address()
    if (typeof path !== 'string') return
    try {
      linkSync(path, `${path}.kept`)
      server.close()
      renameSync(`${path}.kept`, path)
    } catch {
      server.close() // removed by another process
    }
  }

  #watchedFolder(): GroupFolder {
    return new Proxy(this.#folder, {
      get: (folder, name: keyof GroupFolder) => {
        return (...args: unknown[]): unknown => {
          if (name === 'address') return this.isDead ? '/no/such/folder/1.sock' : folder.address(args[0] as number)
          this.called(name)
          if (this.isDead) return NOTHING[name]
          const result = Reflect.apply(folder[name], folder, args) as unknown
          this.called(`${name} done`)
          return result
        }
      },
    })
  }
}

/** What a process that has ended finds in its folder. */
const NOTHING: Partial<Record<keyof GroupFolder, unknown>> = {
  ...{ generations: [], finalRowIds: [], unchangedSince: [] },
  ...{ has: false, finalRowsUnixMs: 0 },
}

/**
 * Replaces what distinguishes processes. Call it once in a test file. The replacements keep nothing of their calls, unlike spies: after a
 * thousand groups those would hold every frame that was sent.
 */
export function simulateProcesses(): void {
  Object.defineProperty(process, 'pid', { get: () => current.getStore()?.pid ?? realPid })
  const { kill, emitWarning } = process
  process.kill = (pid, signal) => {
    if (pid <= FIRST_PID) return kill.call(process, pid, signal)
    if (!running.has(pid)) throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' })
    return true
  }
  process.emitWarning = (...args: unknown[]) => {
    if (current.getStore()?.isDead !== true) Reflect.apply(emitWarning, process, args) // one that has ended finds no group
  }
  const adopt = (message: unknown): void => current.getStore()?.adopt((message as { socket: Socket }).socket)
  subscribe('net.client.socket', adopt)
  subscribe('net.server.socket', adopt)
  const { send } = SocketChannel.prototype
  SocketChannel.prototype.send = function (this: SocketChannel, frame: Uint8Array) {
    const owner = current.getStore()!
    owner.called(`send ${kindOf(frame)}`)
    send.call(this, frame)
    owner.called('sent')
  }
  const { listen } = Server.prototype
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const owner = current.getStore()
    const server = Reflect.apply(listen, this, args) as Server
    owner?.adoptServer(this)
    return server
  }
}
