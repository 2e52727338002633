import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GroupFolder } from './group-folder.js'

/** The socket of the keeper, or a server if this process has become the keeper. */
export type Meeting =
  | { readonly role: 'member'; readonly generation: number; readonly socket: Socket }
  | { readonly role: 'keeper'; readonly generation: number; readonly server: Server; readonly followsDead: boolean }

interface MeetOptions {
  readonly folder: GroupFolder
  /** Sockets up to this generation are not tried, because their keeper hangs. Default 0. */
  readonly above?: number
  /** Time in which other processes may bind first if the keeper is dead, in milliseconds. */
  readonly patienceMs: number
  /** False for threads, which cannot become the keeper and wait for one. */
  readonly canLead: boolean
  readonly signal: AbortSignal
}

const CONNECT_TIMEOUT_MS = 2_000
const RETRY_MS = 20
const BACKLOG = 511

/**
 * Connects to the highest generation of the group, or binds the next one if that is dead. After binding, the folder is read again: if it
 * has a higher generation, another process was faster.
 *
 * @throws the signal's reason; `ERR_GROUP_FOLDER` if a file has the greatest number; the error of the system if neither is possible.
 */
export async function meet({ folder, above = 0, patienceMs, canLead, signal }: MeetOptions): Promise<Meeting> {
  let isPatient = patienceMs <= 0
  for (;;) {
    signal.throwIfAborted()
    const top = Math.max(above, folder.generations().at(-1) ?? 0)
    if (top > above) {
      const socket = await tryConnect(folder.address(top))
      if (socket === 'busy') {
        await pause(RETRY_MS, signal)
        continue
      }
      if (socket !== 'dead') return { role: 'member', generation: top, socket }
    }
    if (!canLead) {
      await pause(10 * RETRY_MS, signal)
      continue
    }
    if (!isPatient && top > 0) {
      isPatient = true
      await pause(patienceMs, signal)
      continue
    }
    const generation = top + 1
    if (!Number.isSafeInteger(generation)) throw folder.exhausted()
    const server = await tryListen(folder.address(generation))
    if (server === undefined) {
      await pause(RETRY_MS / 4, signal) // another process has bound this socket, and listens in a moment
      continue
    }
    let isNewest = false
    try {
      isNewest = !signal.aborted && (folder.generations().at(-1) ?? 0) <= generation
      if (isNewest) folder.removeBelow(generation)
    } catch (error) {
      await closed(server) // others would connect to it and wait
      throw error
    }
    if (isNewest) return { role: 'keeper', generation, server, followsDead: top > 0 }
    await closed(server)
  }
}

/** Ends what {@link meet} has returned. Call it if this process has left the group meanwhile. */
export function abandon(meeting: Meeting): void {
  if (meeting.role === 'keeper') meeting.server.close()
  else meeting.socket.destroy()
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal, ref: false })

/** Resolves to the connected socket, to `dead` if no process listens, or to `busy` if another attempt may succeed. */
export function tryConnect(address: string): Promise<Socket | 'dead' | 'busy'> {
  return new Promise((resolve, reject) => {
    const socket = connect(address)
    socket.unref()
    const timer = setTimeout(() => {
      socket.destroy()
      resolve('dead')
    }, CONNECT_TIMEOUT_MS).unref()
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer)
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve('dead')
      else if (error.code === 'EAGAIN' || error.code === 'EBUSY') resolve('busy')
      else reject(error)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** Resolves to the listening server, or to undefined if another process has bound this address. */
function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    // In a worker of node:cluster the socket is bound by the worker itself, not by the primary.
    server.listen({ path: address, backlog: BACKLOG, exclusive: true, writableAll: false }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {}) // an accept that fails for lack of descriptors must not end the process
      resolve(server)
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()))
}
