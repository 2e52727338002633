import type { ServerResponse } from 'node:http'
import type { UnreadBodies } from './unread-bodies.js'

/** Limits for sending bodies. */
export interface SendLimits {
  /** Time for a reader to take the next part, in milliseconds. */
  readonly sendTimeoutMs: number
  readonly unread: UnreadBodies
}

/** A body of many parts. */
export interface StreamedBody extends AsyncIterableIterator<Uint8Array> {
  /** Called if the body is aborted, which its reader may not notice because it waits for the socket. */
  onCut: ((reason: Error) => void) | undefined
}

/** Destroys the connection if a response with `bytes` of body has been ended and is not read in time. */
export function limitUnread(response: ServerResponse, bytes: number, { sendTimeoutMs, unread }: SendLimits): void {
  if (response.writableFinished || response.destroyed) return
  const cut = (): void => void response.destroy()
  const timer = setTimeout(cut, sendTimeoutMs)
  timer.unref()
  response.once('close', () => {
    clearTimeout(timer)
    unread.delete(response, cut)
  })
  unread.add(response, bytes, cut)
}

/** Sends the parts as fast as the client reads them. Rejects if the body fails; the connection must then be destroyed. */
export async function sendStream(body: StreamedBody, response: ServerResponse): Promise<void> {
  body.onCut = () => void response.destroy()
  for await (const part of body) {
    if (response.destroyed) return
    if (!response.write(part)) await drained(response)
  }
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
