import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { getOrInsert } from '../base/get-or-insert.js'
import { onClose } from '../base/on-close.js'
import { inNextTurn, MAX_TIMER_MS } from '../base/timer.js'
import { clientSignal } from './client-signal.js'
import { Semaphore } from './semaphore.js'

/** Maximum number of streams of one HTTP/2 session that wait for their turn. Further ones are closed. */
const MAX_WAITING_STREAMS = 1_000

/**
 * Calls `work` when it is the request's turn on its connection: of requests that are pipelined, or streams of one HTTP/2 session, one
 * at a time is worked on. A stream is not waited for once its work is done: others may read while it is stalled.
 *
 * @returns what `work` returns, or undefined if the client is gone before.
 */
export async function inTurn<T>(
  request: IncomingMessage,
  response: ServerResponse,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const session = (request as unknown as Partial<Http2ServerRequest>).stream?.session
  if (session === undefined) return (await isNextOnSocket(request, response)) ? work(clientSignal(response)) : undefined
  const signal = clientSignal(response)
  const turns = turnsOf(session)
  if (!(await turns.acquire(MAX_TIMER_MS, signal))) return void response.destroy()
  try {
    // A client may open streams and reset them in the same packet.
    await new Promise((resolve) => void inNextTurn(resolve))
    return signal.aborted ? undefined : await work(signal)
  } finally {
    turns.release()
  }
}

const turnsOfSessions = new WeakMap<object, Semaphore>()

function turnsOf(session: object): Semaphore {
  return getOrInsert(turnsOfSessions, session, () => new Semaphore(1, MAX_WAITING_STREAMS))
}

/** Returns true if the response is the one that its connection sends now, and resolves with true once it is; false if it closes before. */
function isNextOnSocket({ socket }: IncomingMessage, response: ServerResponse): boolean | Promise<boolean> {
  if (response.socket !== null) return true
  if (socket == null || socket.destroyed) return false
  return new Promise((resolve) => {
    const forget = onClose(socket, () => resolve(false))
    response.once('socket', () => {
      forget()
      resolve(true)
    })
  })
}
