import type { IncomingMessage, ServerResponse } from 'node:http'
import { whenClosed } from '../base/on-close.js'

/**
 * Aborted when the client is gone, or has been answered. The response alone does not tell: one that waits for those
 * before it on its connection has no close of its own where that connection breaks.
 */
export function clientSignal({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const client = new AbortController()
  const leave = (): void => client.abort()
  const forget = response.socket === null && socket != null ? whenClosed(socket, leave) : undefined
  response.once('close', () => {
    forget?.()
    leave()
  })
  return client.signal
}
