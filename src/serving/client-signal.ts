import type { ServerResponse } from 'node:http'

/** Aborted if the client goes away before it has the whole response. Call it when it is the response's turn on its connection. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const client = new AbortController()
  const leave = (): void => {
    // A reason of our own: the default one is a DOMException.
    if (!response.writableFinished) client.abort(new Error('the request was aborted by the client'))
  }
  if (response.destroyed) leave()
  else response.once('close', leave)
  return client.signal
}
