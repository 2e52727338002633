import type { IncomingMessage, ServerResponse } from 'node:http'
import { onClose } from '../base/on-close.js'

/**
 * Returns true if the response has its connection, otherwise a promise that resolves with true once it has, so that pipelined requests are
 * processed one after the other. It resolves with false if the connection closes before.
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
