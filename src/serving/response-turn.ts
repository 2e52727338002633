import type { IncomingMessage, ServerResponse } from 'node:http'
import { onClose } from '../base/on-close.js'

/**
 * Returns true if the response is the one that its connection sends now, and resolves with true once it is: of pipelined
 * requests one at a time is worked on. Resolves with false if the connection closes before.
 */
export function responseTurn({ socket }: IncomingMessage, response: ServerResponse): boolean | Promise<boolean> {
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
